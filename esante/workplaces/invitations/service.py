"""Invitations to assist at a site: by address, or by a code for who has no account (SPEC WA-05 to WA-07, WA-09, WA-12, ID-22).

An invitation is open for some days (setting `invitationDays`), and only one at a time for an address and a site.
"""

from datetime import timedelta
from typing import Any

from esante.identity import service as identity
from esante.identity.accounts.service import email_key
from esante.identity.structs import NewAccount
from esante.kernel.actor import Scope
from esante.kernel.errors import Conflict, Gone, NotFound
from esante.kernel.one_time import new_salt
from esante.kernel.structs import AccountId, Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.workplaces import policy
from esante.workplaces.assistants import service as assistants
from esante.workplaces.events import (
    AssistantAccepted,
    AssistantCodeRefused,
    AssistantInvitationCancelled,
    AssistantInvitationExpired,
    AssistantInvited,
    AssistantRejected,
)
from esante.workplaces.invitations import codes, store
from esante.workplaces.members import service as members
from esante.workplaces.sites import service as sites
from esante.workplaces.structs import (
    Invitation,
    InvitationAnswer,
    InvitationId,
    InvitationRow,
    InvitationStatus,
    InvitationWish,
    Joined,
    JoinWish,
    Workplace,
    WorkplaceId,
)

USUAL: tuple[Scope, ...] = ("schedule.read", "schedule.write", "patient.read", "patient.write", "messages")
"""What an invitation grants that does not say what; never to read records."""

# ------------------------------------------------------------------------------- inviting


def invite(tx: WriteTx, wish: InvitationWish) -> Invitation:
    """Ask somebody to assist at a site. Admins anywhere, verified practitioners where they work.

    Refused: a closed site, one's own address, an address that has an open invitation there (`INVITATION_OPEN`) or already
    assists there (`ALREADY_ASSISTANT`). After any end of an earlier one it may be done again.
    """
    site = sites.workplace(tx, wish.workplace_id)
    inviting = policy.may_invite(tx, is_member=members.is_member(tx, site.id, tx.actor.person_id))
    sites.open_site(tx, site.id)
    key = email_key(wish.email)
    account_id = identity.account_of_address(tx, wish.email)
    _not_yet(tx, site, key, account_id)
    row = InvitationRow(
        id=InvitationId(new_id()),
        workplace_id=site.id,
        practitioner_id=inviting,
        email=wish.email.strip(),
        email_key=key,
        name=wish.name,
        message=wish.message,
        scopes=sorted(set(wish.scopes or USUAL)),
        salt=new_salt(),
        status="pending",
        expires_at=tx.now + timedelta(days=tx.settings.invitation_days),
        invited_by=tx.actor.id,
        created_at=tx.now,
    )
    store.insert_invitation(tx, row)
    tx.record(
        AssistantInvited(
            subject=row.id,
            workplace_id=site.id,
            practitioner_id=inviting,
            account_id=account_id,
            scopes=list(row.scopes),
        )
    )
    return store.invitation(tx, row.id)


def code_for(tx: ReadTx, id: InvitationId) -> str | None:
    """The code to hand over, for whoever may cancel the invitation; None when it is not open or the address has an account."""
    row = _row(tx, id)
    policy.may_cancel(tx, row, sites.workplace(tx, row.workplace_id))
    if row.status != "pending" or identity.account_of_address(tx, row.email):
        return None
    return codes.code_of(tx, row)


def cancel_invitation(tx: WriteTx, id: InvitationId) -> Invitation:
    """Take back an invitation that is open; any other is `WRONG_STATE`."""
    row = _row(tx, id)
    policy.may_cancel(tx, row, sites.workplace(tx, row.workplace_id))
    _must_be_open(row)
    _cancel(tx, row)
    return store.invitation(tx, id)


def list_invitations(tx: ReadTx, status: InvitationStatus | None, cursor: str | None, limit: int) -> Page[Invitation]:
    """What the practitioner sent, or was sent to their sites; an admin sees all. Newest first."""
    own = policy.may_list_assistants(tx)
    key = decode_cursor(cursor, 1)
    found = store.invitations_of(tx, own, status, key[0] if key else None, limit + 1)
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


# ------------------------------------------------------------------------------ answering


def list_own_invitations(
    tx: ReadTx, status: InvitationStatus | None = "pending", cursor: str | None = None, limit: int = 100
) -> Page[Invitation]:
    """What the signed-in account was invited to, newest first."""
    account_id = policy.has_account(tx)
    email = identity.contact(tx, account_id).email
    key = decode_cursor(cursor, 1)
    found = store.invitations_for(tx, email_key(email), status, key[0] if key else None, limit + 1) if email else []
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def respond(tx: WriteTx, answer: InvitationAnswer) -> Invitation:
    """Say yes or no to an invitation to one's own address; anybody else's is not found.

    Too late is `Gone`, answered or cancelled before is `WRONG_STATE`. A yes makes the account an assistant, with the scopes
    that were offered, at that site only.
    """
    account_id = AccountId(policy.has_account(tx))
    row = store.invitation_row(tx, answer.invitation_id)
    email = identity.contact(tx, account_id).email
    if row is None or email is None or row.email_key != email_key(email):
        raise NotFound("There is no such invitation")
    _must_be_open(row)
    if answer.accept:
        _accept(tx, row, account_id, row.name)
    else:
        store.end_invitation(tx, row.id, "rejected", account_id)
        tx.record(AssistantRejected(subject=row.id, **_parties(row), account_id=account_id))
    return store.invitation(tx, row.id)


def check_code(tx: ReadTx, wish: JoinWish) -> bool:
    """Does the code fit the address, for an invitation that is open? Nothing is spent. A weak password is refused first."""
    policy.may_try(tx)
    identity.check_password(wish.password, wish.email, tx.settings)
    return _fitting(tx, wish) is not None


def note_wrong_code(tx: WriteTx) -> None:
    """A code that does not fit was tried: one audit line."""
    policy.may_try(tx)
    tx.record(AssistantCodeRefused(subject="unknown"))


def join(tx: WriteTx, wish: JoinWish, password_hash: str) -> Joined | None:
    """Make an account by the code that was handed over, and accept with it. None when the code does not fit.

    Whoever has an account by now signs in and answers there: `ACCOUNT_EXISTS`.
    """
    policy.may_try(tx)
    row = _fitting(tx, wish)
    if row is None:
        tx.record(AssistantCodeRefused(subject="unknown"))
        return None
    if identity.account_of_address(tx, row.email):
        raise Conflict("You have an account already: sign in, then answer the invitation", code="ACCOUNT_EXISTS")
    new = NewAccount(
        email=row.email,
        password_hash=password_hash,
        role="assistant",
        language=wish.language or tx.settings.language,
        confirmed=True,  # whoever invited has handed the code to this person
    )
    account_id = identity.create_account(tx, new)
    _accept(tx, row, account_id, wish.name or row.name)
    return Joined(account_id=account_id, workplace_id=row.workplace_id, scopes=row.scopes)


# --------------------------------------------------------------------------- for other rooms


def invitation_for(tx: ReadTx, id: str) -> tuple[InvitationRow, Workplace]:
    """An invitation with its site. For other rooms."""
    row = _row(tx, InvitationId(id))
    return row, sites.workplace(tx, row.workplace_id)


def cancel_all(tx: WriteTx, workplace_id: WorkplaceId) -> None:
    """Take back what is open at a site that closes. For other rooms."""
    for row in store.pending_at(tx, workplace_id):
        _cancel(tx, row)


def expire_invitations(tx: WriteTx, nothing: None = None) -> None:
    """The sweep, every 15 minutes: what nobody answered in time is expired, and its sender told. For the house."""
    for row in store.lapsed(tx):
        _expire(tx, row)


# ------------------------------------------------------------------------------------ private


def _not_yet(tx: WriteTx, site: Workplace, key: str, account_id: AccountId | None) -> None:
    if account_id is not None and account_id == tx.actor.id:
        raise Conflict("You cannot invite yourself", code="OWN_ACCOUNT")
    if account_id is not None and assistants.active_assignment(tx, account_id, site.id):
        raise Conflict("This person assists at this workplace already", code="ALREADY_ASSISTANT")
    before = store.pending_of(tx, site.id, key)
    if before is None:
        return
    if before.status == "pending":
        raise Conflict(
            "This address has an open invitation to this workplace already",
            code="INVITATION_OPEN",
            extra={"invitationId": before.id, "expiresAt": before.expires_at.isoformat()},
        )
    _expire(tx, before)


def _row(tx: ReadTx, id: InvitationId) -> InvitationRow:
    found = store.invitation_row(tx, id)
    if found is None:
        raise NotFound("There is no such invitation")
    return found


def _must_be_open(row: InvitationRow) -> None:
    if row.status == "expired":
        raise Gone("This invitation has run out. Ask for a new one", code="INVITATION_EXPIRED")
    if row.status != "pending":
        raise Conflict(
            "This invitation is {state}",
            code="WRONG_STATE",
            state=row.status,
            extra={"state": row.status, "possible": []},
        )


def _fitting(tx: ReadTx, wish: JoinWish) -> InvitationRow | None:
    return next((row for row in store.alive_for(tx, email_key(wish.email)) if codes.fits(tx, row, wish.code)), None)


def _accept(tx: WriteTx, row: InvitationRow, account_id: AccountId, name: str | None) -> None:
    """Re-checks what may have changed since the invitation was sent: the site, who invited, a second invitation."""
    site = sites.open_site(tx, row.workplace_id)
    if row.practitioner_id is not None:
        try:
            people.bookable_practitioner(tx, row.practitioner_id)
        except NotFound:
            raise Gone("Who invited you does not practise here any more", code="INVITATION_EXPIRED") from None
    if assistants.active_assignment(tx, account_id, site.id):
        raise Conflict("You assist at this workplace already", code="ALREADY_ASSISTANT")
    store.end_invitation(tx, row.id, "accepted", account_id)
    assistants.assign(tx, account_id, site, row.scopes, row, name)
    tx.record(AssistantAccepted(subject=row.id, **_parties(row), account_id=account_id))


def _cancel(tx: WriteTx, row: InvitationRow) -> None:
    store.end_invitation(tx, row.id, "cancelled", tx.actor.id)
    account_id = identity.account_of_address(tx, row.email)
    tx.record(AssistantInvitationCancelled(subject=row.id, **_parties(row), account_id=account_id))


def _expire(tx: WriteTx, row: InvitationRow) -> None:
    store.end_invitation(tx, row.id, "expired", tx.actor.id)
    tx.record(AssistantInvitationExpired(subject=row.id, **_parties(row)))


def _parties(row: InvitationRow) -> dict[str, Any]:
    return {"workplace_id": row.workplace_id, "practitioner_id": row.practitioner_id}
