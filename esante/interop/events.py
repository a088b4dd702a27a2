"""What happens when data leave the clinic."""

from esante.kernel.structs import Event


class OwnDataExported(Event, tag="user.exported"):
    """Somebody took a copy of what the clinic keeps about him: `subject` is the account."""

    documents: int
