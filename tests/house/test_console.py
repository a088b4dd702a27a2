"""The console's own law: every command teaches, speaks JSON, and is loaded only when it is called."""

import shlex
import subprocess
import sys
from typing import Any

import pytest
import typer

from esante.cli.examples import EXAMPLES
from esante.cli.main import COMMANDS, commands, load

ALL: dict[str, Any] = dict(commands())
WITHOUT_RESULT = {"serve", "demo"}


def options(command: Any) -> set[str]:
    return {option for one in command.params for option in one.opts}


@pytest.mark.parametrize("path", ALL)
def test_it_teaches(path: str) -> None:
    command = ALL[path]
    assert command.help
    assert command.help.strip()[0].isupper()
    for one in command.params:
        assert one.name == "help" or one.help, f"{path} {one.name}"
    if any(one.param_type_name == "argument" and one.required for one in command.params):
        assert path in EXAMPLES, "what wants arguments shows an example"


@pytest.mark.parametrize("path", ALL)
def test_it_gives_its_result_as_json(path: str) -> None:
    assert ("--json" in options(ALL[path])) is (path not in WITHOUT_RESULT)


@pytest.mark.parametrize(("path", "example"), [(path, one) for path, some in EXAMPLES.items() for one in some])
def test_an_example_is_understood(path: str, example: str) -> None:
    words = shlex.split(example)[1:]
    assert words[: len(path.split())] == path.split()
    ALL[path].make_context(path, words[len(path.split()) :])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_first_page_says_what_the_command_says(name: str) -> None:
    assert load(name).help.split("\n\n")[0] == COMMANDS[name][2]


def test_help_and_completion_load_nothing_heavy() -> None:
    heavy = ("litestar", "typst", "obstore", "zeroconf", "babel", "cryptography", "uvicorn", "apsw", "esante.app")
    asked = (
        "import sys; from esante.cli.main import app; app(['--help'], standalone_mode=False);"
        f" print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_it_is_a_typer_application() -> None:
    assert typer.main.get_command(load.__globals__["app"]).list_commands(None) == list(COMMANDS)
