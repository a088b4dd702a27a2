"""What happens to workplaces, rooms, members and assistants."""

from typing import ClassVar, Literal

from esante.kernel.structs import Event, Severity


class WorkplaceCreated(Event, tag="workplace.created"):
    """A site was made or imported."""


class WorkplaceUpdated(Event, tag="workplace.updated"):
    """`fields` names what changed."""

    version: int
    fields: list[str]


class WorkplaceClosing(Event, tag="workplace.closing"):
    """A site is about to be closed; who still needs it refuses. `assistants` are assigned there."""

    assistants: int


class WorkplaceClosed(Event, tag="workplace.closed"):
    """A site takes nobody any more; what happened there stays."""

    version: int


class RoomCreated(Event, tag="room.created"):
    """A room or chair was opened in a workplace."""

    workplace_id: str


class RoomUpdated(Event, tag="room.updated"):
    """`fields` names what changed; a room that was closed has `is_active` among them."""

    version: int
    fields: list[str]


class MemberJoined(Event, tag="workplace.member_joined"):
    """The subject is the practitioner, who works at the site from now on."""

    workplace_id: str


class MemberUpdated(Event, tag="workplace.member_updated"):
    """The fee of the practitioner at the site changed, or it became the primary one."""

    workplace_id: str
    fields: list[str]


class MemberLeft(Event, tag="workplace.member_left"):
    """The practitioner works at the site no longer."""

    workplace_id: str


class InvitationEvent(Event):
    """Something happened to an invitation: `subject` is its id."""

    workplace_id: str
    practitioner_id: str | None


class AssistantInvited(InvitationEvent, tag="assistant.invited"):
    """Somebody was asked to assist. `account_id` when the address has an account."""

    account_id: str | None
    scopes: list[str]


class AssistantAccepted(InvitationEvent, tag="assistant.accepted"):
    """The invited person assists from now on."""

    account_id: str


class AssistantRejected(InvitationEvent, tag="assistant.rejected"):
    """The invited person said no."""

    account_id: str


class AssistantInvitationCancelled(InvitationEvent, tag="assistant.cancelled"):
    """The invitation was taken back."""

    account_id: str | None


class AssistantInvitationExpired(InvitationEvent, tag="assistant.expired"):
    """Nobody answered in time."""


class AssistantCodeRefused(Event, tag="assistant.code_refused"):
    """A wrong, used or outdated invitation code was tried."""

    severity: ClassVar[Severity] = "warning"


class AssignmentEnded(Event, tag="assistant.ended"):
    """The subject is the assignment: its account may do nothing at the site from now on. `side` says who ended it."""

    account_id: str
    workplace_id: str
    practitioner_id: str | None
    side: Literal["assistant", "clinic"]


class AssistantScopesGranted(Event, tag="assistant.scopes_granted"):
    """The subject is the account; `scopes` is all that it may now do in the workplace."""

    workplace_id: str
    scopes: list[str]
