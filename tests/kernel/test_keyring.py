"""The keys: made once, opened by the key file, and every trouble said in words."""

import json
import stat
from pathlib import Path

import pytest

from esante.kernel import keyring
from esante.kernel.errors import Broken
from esante.kernel.keyring import PURPOSES


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere" / "key"


@pytest.fixture
def ring(tmp_path: Path, key_file: Path) -> keyring.Keyring:
    return keyring.create(tmp_path, key_file)


def test_it_works(tmp_path: Path, key_file: Path, ring: keyring.Keyring) -> None:
    again = keyring.unlock(tmp_path, key_file)
    assert again.installation_id == ring.installation_id
    keys = [again.key(purpose) for purpose in PURPOSES]
    assert keys == [ring.key(purpose) for purpose in PURPOSES]
    assert len(set(keys)) == len(PURPOSES)
    assert {len(key) for key in keys} == {32}


def test_only_the_owner_can_read_and_no_key_lies_open(tmp_path: Path, key_file: Path, ring: keyring.Keyring) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == stat.S_IMODE((tmp_path / "keyring").stat().st_mode) == 0o600
    content = (tmp_path / "keyring").read_bytes()
    for purpose in PURPOSES:
        assert ring.key(purpose) not in content
        assert ring.key(purpose).hex() not in repr(ring)


def test_two_clinics_share_no_key(tmp_path: Path, ring: keyring.Keyring) -> None:
    (tmp_path / "two").mkdir()
    other = keyring.create(tmp_path / "two", tmp_path / "two.key")
    assert not {other.key(purpose) for purpose in PURPOSES} & {ring.key(purpose) for purpose in PURPOSES}


def test_it_is_made_once(tmp_path: Path, key_file: Path, ring: keyring.Keyring) -> None:
    with pytest.raises(Broken, match="exists already"):
        keyring.create(tmp_path, key_file)


def test_without_keyring_there_is_no_clinic(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(Broken, match="esante init --data"):
        keyring.unlock(tmp_path, key_file)


def test_a_missing_key_file_is_named(tmp_path: Path, key_file: Path, ring: keyring.Keyring) -> None:
    key_file.unlink()
    with pytest.raises(Broken, match=r"key file .* is missing"):
        keyring.unlock(tmp_path, key_file)


def test_another_clinics_key_file_is_named(tmp_path: Path, ring: keyring.Keyring) -> None:
    (tmp_path / "two").mkdir()
    keyring.create(tmp_path / "two", tmp_path / "two.key")
    with pytest.raises(Broken, match="is not the key of the clinic"):
        keyring.unlock(tmp_path, tmp_path / "two.key")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_file_that_others_can_read_is_refused(
    tmp_path: Path, key_file: Path, ring: keyring.Keyring, mode: int
) -> None:
    key_file.chmod(mode)
    with pytest.raises(Broken, match="chmod 600"):
        keyring.unlock(tmp_path, key_file)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"esante-key-1:", b"esante-key-1:AAAA", b"esante-key-1:!!!!", b"\xff"]
)
def test_what_is_not_a_key_file_is_refused(
    tmp_path: Path, key_file: Path, ring: keyring.Keyring, content: bytes
) -> None:
    key_file.write_bytes(content)
    with pytest.raises(Broken, match=r"not an esante key file|cannot be read"):
        keyring.unlock(tmp_path, key_file)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("part", ["nonce", "sealed"])
@pytest.mark.parametrize("how", ["flip", "shorten", "empty"])
def test_a_damaged_key_is_named(
    tmp_path: Path, key_file: Path, ring: keyring.Keyring, purpose: str, part: str, how: str
) -> None:
    content = json.loads((tmp_path / "keyring").read_bytes())
    old = content["keys"][purpose][part]
    new = {"flip": ("B" if old[0] == "A" else "A") + old[1:], "shorten": old[:8], "empty": ""}[how]
    content["keys"][purpose][part] = new
    (tmp_path / "keyring").write_text(json.dumps(content))
    with pytest.raises(Broken, match=f"the {purpose} key is damaged"):
        keyring.unlock(tmp_path, key_file)


def test_a_key_that_is_missing_or_swapped_is_named(tmp_path: Path, key_file: Path, ring: keyring.Keyring) -> None:
    path = tmp_path / "keyring"
    whole = json.loads(path.read_bytes())
    keys = whole["keys"]
    path.write_text(json.dumps(whole | {"keys": {name: key for name, key in keys.items() if name != "audit"}}))
    with pytest.raises(Broken, match="the audit key is missing"):
        keyring.unlock(tmp_path, key_file)
    path.write_text(json.dumps(whole | {"keys": keys | {"audit": keys["links"]}}))
    with pytest.raises(Broken, match="the audit key is damaged"):
        keyring.unlock(tmp_path, key_file)


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[]", b"\xff\xfe", b'{"format": 1}'])
def test_a_damaged_keyring_is_named(tmp_path: Path, key_file: Path, ring: keyring.Keyring, content: bytes) -> None:
    (tmp_path / "keyring").write_bytes(content)
    with pytest.raises(Broken, match=r"keyring is damaged .*restore it from a backup"):
        keyring.unlock(tmp_path, key_file)
