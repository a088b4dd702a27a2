"""Whom to tell of invitations and assistants (SPEC 8, 28): the other party. Each runs once, after what it tells of."""

from esante.identity import service as identity
from esante.identity.structs import AccountContact
from esante.kernel.errors import NotFound
from esante.kernel.transaction import ReadTx, WriteTx
from esante.notifications import service
from esante.people import service as people
from esante.workplaces import service as workplaces
from esante.workplaces.events import (
    AssignmentEnded,
    AssistantAccepted,
    AssistantInvitationCancelled,
    AssistantInvitationExpired,
    AssistantInvited,
    AssistantRejected,
    InvitationEvent,
)


def tell_invited(tx: WriteTx, event: AssistantInvited) -> None:
    """Who is invited and has an account learns of it; anybody else is handed the code."""
    if event.account_id:
        service.tell(
            tx, identity.contact(tx, event.account_id), "assistant_invited", "high", "You are invited to assist",
            "{inviter} invites you to assist at {workplace}. Sign in to accept or to decline.",
            event.subject, **_words(tx, event),
        )  # fmt: skip


def tell_accepted(tx: WriteTx, event: AssistantAccepted) -> None:
    """Who invited has an assistant."""
    for inviter in _inviter(tx, event):
        service.tell(
            tx, inviter, "assistant_accepted", "high", "Your invitation was accepted",
            "{invited} assists at {workplace} from now on.", event.subject, **_words(tx, event),
        )  # fmt: skip


def tell_rejected(tx: WriteTx, event: AssistantRejected) -> None:
    """Who invited learns that the answer is no."""
    for inviter in _inviter(tx, event):
        service.tell(
            tx, inviter, "assistant_rejected", "medium", "Your invitation was declined",
            "{invited} does not want to assist at {workplace}.", event.subject, **_words(tx, event),
        )  # fmt: skip


def tell_invitation_cancelled(tx: WriteTx, event: AssistantInvitationCancelled) -> None:
    """Who was invited need not answer any more."""
    if event.account_id:
        service.tell(
            tx, identity.contact(tx, event.account_id), "assistant_cancelled", "medium", "An invitation was taken back",
            "The invitation to assist at {workplace} is no longer open.", event.subject, **_words(tx, event),
        )  # fmt: skip


def tell_invitation_expired(tx: WriteTx, event: AssistantInvitationExpired) -> None:
    """Nobody answered: who invited may do so again."""
    for inviter in _inviter(tx, event):
        service.tell(
            tx, inviter, "assistant_expired", "medium", "Your invitation has run out",
            "{invited} did not answer in time. You may invite them again.", event.subject, **_words(tx, event),
        )  # fmt: skip


def tell_assignment_ended(tx: WriteTx, event: AssignmentEnded) -> None:
    """The assistant learns of a removal; the practitioner, or else the admins, of a leaving. The reason is in the list."""
    ended = workplaces.assignment_for(tx, event.subject)
    if event.side == "clinic":
        service.tell(
            tx, identity.contact(tx, event.account_id), "assistant_ended", "high", "Your work as an assistant has ended",
            "You do not assist at {workplace} any more.", event.subject, workplace=ended.workplace_name,
        )  # fmt: skip
        return
    own = identity.accounts_of_person(tx, event.practitioner_id) if event.practitioner_id else []
    for contact in own or identity.accounts_in_role(tx, "admin"):
        service.tell(
            tx, contact, "assistant_left", "high", "An assistant has left",
            "{who} does not assist at {workplace} any more.",
            event.subject, who=ended.name or ended.email or "?", workplace=ended.workplace_name,
        )  # fmt: skip


def _inviter(tx: ReadTx, event: InvitationEvent) -> list[AccountContact]:
    """The account that sent it; none when the console did."""
    row, _ = workplaces.invitation_for(tx, event.subject)
    try:
        return [identity.contact(tx, row.invited_by)]
    except NotFound:
        return []


def _words(tx: ReadTx, event: InvitationEvent) -> dict[str, str]:
    row, site = workplaces.invitation_for(tx, event.subject)
    inviter = tx.settings.clinic_name
    if row.practitioner_id:
        who = people.practitioner_brief(tx, row.practitioner_id)
        inviter = f"{who.first_name} {who.last_name}"
    return {"inviter": inviter, "invited": row.name or row.email, "workplace": site.name}
