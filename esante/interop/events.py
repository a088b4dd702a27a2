"""What happens when data leave the clinic."""

from typing import ClassVar

from esante.kernel.structs import Event, Severity


class OwnDataExported(Event, tag="user.exported"):
    """Somebody took a copy of what the clinic keeps about him: `subject` is the account."""

    documents: int


class RecordsCopied(Event, tag="export.copied"):
    """The clinic's records were written into a plain file, as `form`."""

    severity: ClassVar[Severity] = "critical"

    form: str
