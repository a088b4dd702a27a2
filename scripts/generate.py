"""Writes what is generated from the code: the schema, the API's document, the page of settings. A house test keeps them true."""

import importlib.util
import inspect
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec

from esante.admin.settings import catalogue
from esante.app import App, bring_up_to_date
from esante.cli import exits
from esante.cli.examples import EXAMPLES
from esante.cli.main import commands
from esante.kernel import keyring
from esante.kernel.config import Config, Keys
from esante.kernel.connection import open_database
from esante.system import document

ROOT = Path(__file__).parent.parent


def schema(folder: Path) -> str:
    """Every table, index and trigger, as the newest migration leaves them."""
    key = os.urandom(32)
    bring_up_to_date(folder, keyring.Keyring("", {"database": key}), new=True)
    conn = open_database(folder / "esante.db", key, "reader")
    rows = conn.execute(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT GLOB '*_search_*'"
        " ORDER BY rowid"
    ).fetchall()
    conn.close()
    head = "-- Generated from the migrations by scripts/fix: the whole database on one page.\n\n"
    return head + ";\n\n".join(sql for (sql,) in rows) + ";\n"


def openapi(folder: Path) -> str:
    """The API's document, as the server gives it."""
    config = Config(keys=Keys(file=str(folder / "key")))
    bring_up_to_date(folder, keyring.create(folder, folder / "key"), new=True)
    app = App(folder, config)
    app.clinic.passwords.close()
    whole = msgspec.json.encode(document(app.litestar), order="sorted")
    return msgspec.json.format(whole, indent=1).decode() + "\n"


def settings(folder: Path) -> str:
    """Every setting of the clinic on one page."""
    head = """# The clinic's settings

Generated from `esante/kernel/settings.py` by scripts/fix. An admin changes them with `PUT /api/v1/settings/{key}`, the operator
with `esante settings set KEY VALUE`; each change is checked against its bounds, audited, and kept with what was before.
What belongs to the box (address, mail server, folders) is in `esante.toml`.

| Key | Default | Bounds | What it means |
|---|---|---|---|
"""
    return head + "".join(
        f"| `{one.key}` | `{msgspec.json.encode(one.default).decode()}` | {_cell(catalogue.bounds(one.schema))}"
        f" | {_cell(one.description)} |\n"
        for one in catalogue.known().values()
    )


def cli(folder: Path) -> str:
    """Every command of the console, with its options, and the exit codes."""
    head = """# The console

Generated from `esante/cli` by scripts/fix; `esante COMMAND --help` says the same. `esante --install-completion` teaches the shell
to complete commands and options.

Every command works without the web. Those that change the clinic act on a running server within 250 ms; those that need it stopped
say so. With `--json` the result is one JSON document on standard output; questions, progress and refusals are on standard error.
`ESANTE_DATA` and `ESANTE_CONFIG` stand for `--data` and `--config`.

| Exit code | Means |
|---|---|
"""
    codes = "".join(f"| {code} | {_cell(text)} |\n" for code, text in exits.MEANINGS.items())
    return head + codes + "".join(_command(path, command) for path, command in commands())


def _command(path: str, command: Any) -> str:
    shown = [one for one in command.params if one.name not in ("help", "data", "config")]
    arguments = " ".join(_metavar(one) for one in shown if one.param_type_name == "argument")
    text = inspect.cleandoc(command.help)
    options = "".join(
        f"| `{', '.join([*one.opts, *one.secondary_opts])}` | {_cell(one.help or '')} |\n"
        for one in shown
        if one.param_type_name == "option"
    )
    table = f"\n| Option | |\n|---|---|\n{options}" if options else ""
    examples = "".join(f"{one}\n" for one in EXAMPLES.get(path, ()))
    block = f"\n```sh\n{examples}```\n" if examples else ""
    return f"\n## `esante {path}{' ' + arguments if arguments else ''}`\n\n{text}\n{table}{block}"


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return (name if argument.required else f"[{name}]") + ("…" if argument.nargs == -1 else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def proof(folder: Path) -> str:
    """The page for who doubts, from the words and the figures in `docs/proof`."""
    found = importlib.util.spec_from_file_location("proof", ROOT / "scripts" / "proof.py")
    assert found is not None
    assert found.loader is not None
    maker = importlib.util.module_from_spec(found)
    found.loader.exec_module(maker)
    return str(maker.page())


GENERATED = {
    ROOT / "esante" / "schema.sql": schema,
    ROOT / "docs" / "openapi.json": openapi,
    ROOT / "docs" / "SETTINGS.md": settings,
    ROOT / "docs" / "CLI.md": cli,
    ROOT / "docs" / "PROOF.md": proof,
}


def main() -> None:
    for path, make in GENERATED.items():
        with tempfile.TemporaryDirectory() as folder:
            path.write_text(make(Path(folder)), encoding="utf-8")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
