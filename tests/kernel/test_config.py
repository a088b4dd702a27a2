"""`esante.toml`: what is wrong in it is said with its place."""

from pathlib import Path

import pytest

from esante.kernel import config
from esante.kernel.errors import Broken


def load(folder: Path, content: str | bytes) -> config.Config:
    path = folder / "esante.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return config.load(path)


def test_it_works(tmp_path: Path) -> None:
    loaded = load(tmp_path, '[server]\nport = 9000\n[mail]\nhost = "mx"\nencryption = "tls"\n')
    assert (loaded.server.port, loaded.server.host, loaded.mail.host) == (9000, "127.0.0.1", "mx")
    assert loaded.link_base == "http://127.0.0.1:9000"
    assert load(tmp_path, 'public_address = "https://clinic.example/"').link_base == "https://clinic.example"


def test_no_file_and_an_empty_one_mean_all_defaults(tmp_path: Path) -> None:
    assert config.load(None) == config.load(tmp_path / "none") == load(tmp_path, "") == config.Config()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[server]\nprot = 1", "there is no setting 'server.prot'. Did you mean 'server.port'?"),
        ("[sever]\nport = 1", "there is no setting 'sever'. Did you mean 'server'?"),
        ("[server]\nzzz = 1", "there is no setting 'server.zzz'. Known are: allowed_origins, host, port."),
        ('[server]\nport = "x"', "Expected `int`, got `str` - at `$.server.port`"),
        ("[server]\nport = 70000", "at `$.server.port`"),
        ("server = 3", "at `$.server`"),
        ('[mail]\nencryption = "ssl"', "at `$.mail.encryption`"),
        ("[limits]\nheader_seconds = 0", "at `$.limits.header_seconds`"),
        ("[limits]\nheader_seconds = nan", "at `$.limits.header_seconds`"),
        ("[server\n", "is not valid TOML"),
        (b"\xff\xfe", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_place(tmp_path: Path, content: str | bytes, words: str) -> None:
    with pytest.raises(Broken) as broken:
        load(tmp_path, content)
    assert str(tmp_path / "esante.toml") in str(broken.value)
    assert words in str(broken.value)
