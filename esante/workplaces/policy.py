"""Who may do what with workplaces (SPEC 8, 26).

Everybody signed in sees sites. Admins change all of them, a practitioner the sites that they opened. A verified practitioner
invites assistants to the sites where they work; whom they invited, and who assists at a site of theirs, they may remove.
"""

from esante.kernel.errors import Forbidden, NotFound, Unauthenticated
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.workplaces.structs import Assignment, InvitationRow, Workplace


def may_see(tx: ReadTx) -> None:
    """Whoever is signed in."""
    if tx.actor.role == "anonymous":
        raise Forbidden("Sign in to see this")


def may_see_public(tx: ReadTx) -> None:
    """Where a practitioner can be visited: open to everybody, to who is signed in when the clinic books nobody in public."""
    if tx.actor.role == "anonymous" and not tx.settings.feature_public_booking:
        raise Unauthenticated("Please sign in")


def may_try(tx: ReadTx) -> None:
    """Open to everybody: the proof is the code in the request itself."""


def may_open(tx: ReadTx) -> PractitionerId | None:
    """A verified practitioner, who will own it; an admin, for the clinic."""
    if tx.actor.role == "admin":
        return None
    return people.require_prescriber(tx).id


def may_change(tx: ReadTx, site: Workplace) -> None:
    """Admins, and the practitioner who opened it."""
    if not _keeps(tx, site.owner_id):
        raise Forbidden("Only an admin, or the practitioner whose site it is, may change it")


def may_change_member(tx: ReadTx, site: Workplace, practitioner_id: PractitionerId, *, is_member: bool) -> None:
    """Who may change the site; a member their own membership."""
    if is_member and _is_doctor(tx, practitioner_id):
        return
    may_change(tx, site)


def is_doctor(tx: ReadTx) -> PractitionerId:
    """The practitioner whom the actor stands for."""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a doctor may do this")
    return PractitionerId(tx.actor.person_id)


def is_assistant(tx: ReadTx) -> str:
    """The assistant's account."""
    if tx.actor.role != "assistant":
        raise Forbidden("Only an assistant may do this")
    return tx.actor.id


def has_account(tx: ReadTx) -> str:
    """Whoever is signed in, in any role: an invitation may make a patient an assistant too."""
    if tx.actor.role in ("anonymous", "system"):
        raise Unauthenticated("Please sign in")
    return tx.actor.id


def may_invite(tx: ReadTx, *, is_member: bool) -> PractitionerId | None:
    """An admin; a verified practitioner who works at the site. Never an assistant."""
    if tx.actor.role == "admin":
        return None
    inviting = people.require_prescriber(tx)
    if not is_member:
        raise Forbidden("You may invite assistants only to a site where you work")
    return inviting.id


def may_list_assistants(tx: ReadTx) -> PractitionerId | None:
    """A practitioner those of their sites, an admin all (None)."""
    return None if tx.actor.role == "admin" else is_doctor(tx)


def may_cancel(tx: ReadTx, invitation: InvitationRow, site: Workplace) -> None:
    """Whoever invited, the site's owner, an admin; for anybody else it is not there."""
    if not (_keeps(tx, site.owner_id) or _is_doctor(tx, invitation.practitioner_id)):
        raise NotFound("There is no such invitation")


def may_manage(tx: ReadTx, assignment: Assignment, site: Workplace, *, is_member: bool) -> None:
    """The practitioner who invited, the site's owner, an admin. Colleagues at the site see it and may not."""
    if _keeps(tx, site.owner_id) or _is_doctor(tx, assignment.practitioner_id):
        return
    if is_member:
        raise Forbidden("Only who invited this assistant, or an admin, may do this")
    raise NotFound("There is no such assistant")


def may_say_for_whom(tx: ReadTx, site: Workplace) -> None:
    """For which practitioners an assistant works: admins, and the site's owner; nobody lends a colleague's agenda."""
    if not _keeps(tx, site.owner_id):
        raise Forbidden("Only an admin, or the owner of the workplace, may say for whom else an assistant works")


def _keeps(tx: ReadTx, owner: PractitionerId | None) -> bool:
    return tx.actor.role == "admin" or _is_doctor(tx, owner)


def _is_doctor(tx: ReadTx, practitioner_id: PractitionerId | None) -> bool:
    return tx.actor.role == "doctor" and practitioner_id is not None and tx.actor.person_id == practitioner_id
