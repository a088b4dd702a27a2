"""`esante settings`: the clinic's settings from the console, also beside the running server, which notices within 250 ms."""

from typing import Annotated, Any

import msgspec
import typer

from esante.admin import service as admin
from esante.admin.structs import Setting, SettingWish
from esante.cli import report
from esante.cli.opening import operator, settings_of, with_clinic
from esante.cli.options import CONFIG, DATA, ConfigFile, Data, Json
from esante.kernel.clinic import Clinic
from esante.kernel.transaction import WriteTx

app = typer.Typer(help="The clinic's settings: list, get, set.", no_args_is_help=True)

Key = Annotated[str, typer.Argument(help="The setting's name, as the API spells it: patientCancelHours.")]


@app.callback()
def group() -> None:
    """The clinic's settings."""


@app.command("list")
def list_settings(data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """List every setting with its value; those that the clinic changed are marked."""

    async def work(clinic: Clinic) -> list[Setting]:
        return clinic.db.read(operator(), admin.list_settings)

    found = with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json({"items": found})
        return
    rows = [[one.key, _text(one.value), "changed" if one.version else "", one.description] for one in found]
    report.table(f"{len(found)} settings", ["Key", "Value", "", "What it means"], rows)


@app.command()
def get(key: Key, data: Data = DATA, config: ConfigFile = CONFIG, as_json: Json = False) -> None:
    """Print one setting's value as JSON; with --json also its bounds, default and version."""

    async def work(clinic: Clinic) -> Setting:
        return clinic.db.read(operator(), admin.show_setting, key)

    found = with_clinic(data, settings_of(config, data), work)
    if as_json:
        report.as_json(found)
    else:
        report.out.print(_text(found.value), markup=False)


@app.command("set")
def set_setting(
    key: Key,
    value: Annotated[str, typer.Argument(help="The new value: a text as it is, anything else as JSON.")],
    data: Data = DATA,
    config: ConfigFile = CONFIG,
    as_json: Json = False,
) -> None:
    """Change one setting. It acts on a running server within 250 ms, and is audited."""

    def change(tx: WriteTx) -> Setting:
        before = admin.show_setting(tx, key)
        return admin.change_setting(tx, key, before.version, SettingWish(value=_value(before, value)))

    found = with_clinic(data, settings_of(config, data), lambda clinic: clinic.db.write(operator(), change))
    if as_json:
        report.as_json(found)
    else:
        report.out.print(f"{found.key} is {_text(found.value)} now.", markup=False)


def _value(before: Setting, written: str) -> Any:
    """A text where the setting is one; else JSON, and a text that is none is left to the setting's own refusal."""
    if before.schema.get("type") == "string" or "enum" in before.schema:
        return written
    try:
        return msgspec.json.decode(written)
    except msgspec.DecodeError:
        return written


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
