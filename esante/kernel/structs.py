"""What every struct of the house is made of, and how ids are made."""

from typing import Annotated, Any, ClassVar, Generic, Literal, NewType, TypeVar, dataclass_transform

import msgspec
import uuid_utils
from msgspec import Meta

from esante.kernel.errors import Invalid

T = TypeVar("T")

Severity = Literal["info", "warning", "critical"]
Outcome = Literal["done", "refused", "failed"]

AccountId = NewType("AccountId", str)
SessionId = NewType("SessionId", str)

Line = Annotated[str, Meta(min_length=1, max_length=200)]
"""One short line of text, not empty."""

WallTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""A time of day in the clinic's zone, `HH:MM`."""


class KeywordOnly(msgspec.StructMeta):
    """Makes every subclass take keywords only; msgspec by itself would do so for one class, not for its children."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config.setdefault("kw_only", True)
        return super().__new__(cls, name, bases, namespace, **config)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Kept(msgspec.Struct, frozen=True, rename="camel", metaclass=KeywordOnly):
    """A row as it is kept, and as it is shown: snake_case in Python and SQL, camelCase in JSON."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Asked(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, metaclass=KeywordOnly):
    """What somebody asks for. A field too many is refused by name."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Event(msgspec.Struct, frozen=True, rename="camel", tag_field="event", metaclass=KeywordOnly):
    """What has happened: a past participle with ids, versions, enums and times. Never names, content or free text.

    `subject` is the id of the thing it happened to, `patient_id` whose record it touches. The struct's tag is the action
    of the audit line, `severity` its weight, `outcome` whether what was wanted came about.
    """

    severity: ClassVar[Severity] = "info"
    outcome: ClassVar[Outcome] = "done"

    subject: str
    patient_id: str | None = None

    @classmethod
    def action(cls) -> str:
        return str(cls.__struct_config__.tag)


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """One page of a list. `nextCursor` is opaque; null on the last page."""

    items: list[T]
    next_cursor: str | None = None


def new_id() -> str:
    """A UUIDv7: sorted by the time of its making, unguessable, opaque to clients."""
    return str(uuid_utils.uuid7())


def encode_cursor(*key: Any) -> str:
    """The sort key of the last row shown, as an opaque text."""
    return msgspec.json.encode(key).hex()


def decode_cursor(cursor: str | None, size: int) -> tuple[Any, ...] | None:
    """The sort key back, or None for the first page. A cursor that is not ours is refused as `Invalid`."""
    if cursor is None:
        return None
    try:
        key = msgspec.json.decode(bytes.fromhex(cursor))
    except (ValueError, msgspec.DecodeError):
        key = None
    if not isinstance(key, list) or len(key) != size or not all(_is_sort_key(part) for part in key):
        raise Invalid("This is not a cursor of this list", field="cursor")
    return tuple(key)


def _is_sort_key(part: object) -> bool:
    """What a column can hold: a number of 64 bits, a text, nothing."""
    return part is None or isinstance(part, str | float) or (isinstance(part, int) and -(2**63) <= part < 2**63)
