"""Whatever the console is given, it answers with a line and an exit code: no command shows a trace."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from esante.cli import exits, main
from tests.process import esante, run

ALL = dict(main.commands())
SERVERS = {"serve", "demo"}
NEEDED = {
    "user add": ["--role", "admin"],
    "people merge": ["--reason", "why"],
    "people unmerge": ["--reason", "why"],
    "db accept-loss": ["--reason", "why not"],
    "key add-slot": ["--file", "other-key"],
    "tls new-authority": ["--yes"],
}
GIVEN = {"key add-slot": ["key-file"], "tls poster": ["wall.pdf"], "audit report": ["2026-11", "report.pdf"]}

Console = Callable[..., tuple[int, str]]


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Console:
    """A command in this process, as the console script runs it: its exit code, and all that it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "esante.toml").write_text('[keys]\nfile = "key"\n[log]\nlevel = "error"\n')

    def call(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["esante", *words])
        monkeypatch.setattr(sys, "stdin", io.StringIO("neither words nor a key\n"))
        with pytest.raises(SystemExit) as end:
            main.main()
        said = capfd.readouterr()
        return int(end.value.code or 0), said.out + said.err

    return call


def words_for(path: str, some: str) -> list[str]:
    """The command with all that it must have, and nonsense for what may be anything."""
    wanted = [one for one in ALL[path].params if one.param_type_name == "argument" and one.required]
    return [*path.split(), *GIVEN.get(path, [some] * len(wanted)), *NEEDED.get(path, [])]


def in_order(code: int, said: str) -> None:
    assert "Traceback" not in said
    assert code in (exits.DONE, exits.REFUSED, exits.MISUSED), said
    if code:
        assert said.strip()


@pytest.mark.parametrize("path", sorted(ALL.keys() - SERVERS - {"init"}))
def test_without_a_clinic(path: str, console: Console, tmp_path: Path) -> None:
    in_order(*console(*words_for(path, "nothing")))
    (tmp_path / "data").write_text("a file")
    in_order(*console(*words_for(path, "nothing")))


@pytest.mark.parametrize("path", sorted(ALL.keys() - SERVERS))
def test_with_a_damaged_clinic(path: str, console: Console, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for name in ("keyring", "esante.db", "witness", "backup-status.json", "clock"):
        (data / name).write_bytes(b"\x00\xffnonsense")
    in_order(*console(*words_for(path, "[/bold]")))
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "2026-11-20T02-30-00.000Z.esante").write_bytes(b"nonsense")
    in_order(*console(*words_for(path, "nothing")))


@pytest.mark.parametrize("path", sorted(ALL.keys() - SERVERS - {"init"}))
def test_with_a_whole_clinic_and_nonsense(path: str, console: Console) -> None:
    assert console("init")[0] == 0
    in_order(*console(*words_for(path, "[/bold] \x00é".replace("\x00", ""))))
    code, said = console(*words_for(path, "nothing"), "--no-such-option")
    assert code == exits.MISUSED, said


@pytest.mark.parametrize("path", sorted(ALL.keys() - SERVERS - {"init"}))
def test_without_its_key(path: str, console: Console, tmp_path: Path) -> None:
    assert console("init")[0] == 0
    (tmp_path / "key").unlink()
    in_order(*console(*words_for(path, "nothing")))


@pytest.mark.parametrize(
    "settings", ["[server]\nport = 'x'", "[sever]", "= [", '[keys]\nfile = "/proc/none/key"', "\x00"]
)
def test_with_wrong_settings(settings: str, console: Console, tmp_path: Path) -> None:
    (tmp_path / "esante.toml").write_text(settings)
    for path in ("init", "serve", "config show", "backup list", "user list", "doctor"):
        code, said = console(*words_for(path, "nothing"))
        in_order(code, said)
        assert code or "keys" in settings


def test_a_fault_of_ours_is_one_line_and_a_file(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fault(*_: object) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setattr("esante.cli.box.settings_of", fault)
    code, said = console("config", "show")
    assert code == exits.UNEXPECTED
    assert "Traceback" not in said
    kept = next((tmp_path / "state" / "esante").glob("fault-*.txt"))
    assert str(kept) in said.replace("\n", "")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "ZeroDivisionError: of ours" in kept.read_text()


@pytest.mark.parametrize(
    "words", [("--help",), ("settings", "list"), ("settings", "list", "--json"), ("config", "show")]
)
def test_a_reader_that_goes_away_is_no_trouble(words: tuple[str, ...], tmp_path: Path) -> None:
    options = ["--data", str(tmp_path / "data")] if words[0] == "settings" else []
    (tmp_path / "esante.toml").write_text('[keys]\nfile = "key"\n')
    environment = os.environ | {"ESANTE_CONFIG": str(tmp_path / "esante.toml"), "PYTHONPATH": str(Path.cwd())}
    subprocess.run(esante("init", "--data", str(tmp_path / "data")), cwd=tmp_path, env=environment, check=True)
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads, from the first byte on
    done = subprocess.run(
        esante(*words, *options), cwd=tmp_path, env=environment, stdout=writing, stderr=subprocess.PIPE, text=True,
        check=False,
    )  # fmt: skip
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode in (0, 1)


def test_ctrl_c_says_130(tmp_path: Path) -> None:
    config = tmp_path / "esante.toml"
    config.write_text(f'[keys]\nfile = "{tmp_path / "key"}"\n')
    run("init", "--data", str(tmp_path / "data"), "--config", str(config))
    fifo = tmp_path / "words"
    os.mkfifo(fifo)
    waiting = subprocess.Popen(
        esante("key", "verify-kit", "--from", str(fifo), "--data", str(tmp_path / "data"), "--config", str(config)),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background of a shell ignores it
    )  # fmt: skip
    with fifo.open("w"):  # now it waits for words
        waiting.send_signal(signal.SIGINT)
        _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == exits.INTERRUPTED
    assert "Traceback" not in said


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_there(shell: str) -> None:
    script = run("--show-completion", check=False).stdout
    assert "_ESANTE_COMPLETE" in script or not os.environ.get("SHELL")
    asked = {"_ESANTE_COMPLETE": f"complete_{shell}", "COMP_WORDS": "esante backup r", "COMP_CWORD": "2"}
    asked |= {"_TYPER_COMPLETE_ARGS": "esante backup r", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = subprocess.run(
        esante(), env=os.environ | asked, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "restore" in done.stdout
