"""Every setting with its type, bounds, default and what it means: read from `kernel.settings`, where they are written once."""

import ast
import inspect
from functools import cache
from typing import Any, get_type_hints

import msgspec

from esante.kernel.settings import ClinicSettings


class Known(msgspec.Struct, frozen=True):
    """One setting, by its name in the API."""

    key: str
    field: str
    kind: Any
    schema: dict[str, Any]
    default: Any
    description: str


@cache
def known() -> dict[str, Known]:
    """All settings by key, in the order in which they are written."""
    properties = msgspec.json.schema(ClinicSettings)["$defs"]["ClinicSettings"]["properties"]
    hints = get_type_hints(ClinicSettings, include_extras=True)
    said, defaults = _docstrings(), ClinicSettings()
    found = {}
    for field in msgspec.structs.fields(ClinicSettings):
        key = field.encode_name
        default = msgspec.to_builtins(getattr(defaults, field.name))
        schema = {name: value for name, value in properties[key].items() if name != "default"}
        found[key] = Known(key, field.name, hints[field.name], schema, default, said.get(field.name, ""))
    return found


def features(settings: ClinicSettings) -> dict[str, bool]:
    """Which parts of the product are on: `featureKiosk` is `kiosk`."""
    found = {}
    for one in known().values():
        if one.field.startswith("feature_"):
            name = one.key.removeprefix("feature")
            found[name[0].lower() + name[1:]] = bool(getattr(settings, one.field))
    return found


def bounds(schema: dict[str, Any]) -> str:
    """The bounds in a few words, for people: `0 to 72`."""
    if "enum" in schema:
        return ", ".join(str(option) for option in schema["enum"])
    kind = str(schema.get("type", "object"))
    if kind == "integer":
        return f"{schema.get('minimum', '…')} to {schema.get('maximum', '…')}"
    if kind == "boolean":
        return "true, false"
    if kind == "string":
        return (
            f"text like {schema['pattern']}"
            if "pattern" in schema
            else f"text of at most {schema['maxLength']} letters"
        )
    if kind == "array":
        return f"at most {schema.get('maxItems', '…')} of: {bounds(schema['items'])}"
    return f"for each name: {bounds(schema.get('additionalProperties', {'type': 'string', 'maxLength': '…'}))}"


def _docstrings() -> dict[str, str]:
    """The sentences below the fields of `ClinicSettings`."""
    tree = ast.parse(inspect.getsource(ClinicSettings)).body[0]
    assert isinstance(tree, ast.ClassDef)
    said: dict[str, str] = {}
    above: str | None = None
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            above = node.target.id
            continue
        if above and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            said[above] = inspect.cleandoc(str(node.value.value)).replace("\n", " ")
        above = None
    return said
