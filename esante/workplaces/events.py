"""What happens to workplaces, rooms and the scopes of assistants."""

from esante.kernel.structs import Event


class WorkplaceCreated(Event, tag="workplace.created"):
    """A site was made or imported."""


class WorkplaceUpdated(Event, tag="workplace.updated"):
    """`fields` names what changed."""

    version: int
    fields: list[str]


class RoomCreated(Event, tag="room.created"):
    """A room or chair was opened in a workplace."""

    workplace_id: str


class RoomUpdated(Event, tag="room.updated"):
    """`fields` names what changed; a room that was closed has `is_active` among them."""

    version: int
    fields: list[str]


class AssistantScopesGranted(Event, tag="assistant.scopes_granted"):
    """The subject is the account; `scopes` is all that it may now do in the workplace."""

    workplace_id: str
    scopes: list[str]
