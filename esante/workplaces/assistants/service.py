"""Assistants at a site: what they may do there, until they leave or are removed (SPEC WA-08 to WA-11).

Scopes hold for one site, from the acceptance until the assignment ends, and not a request longer.
"""

from collections.abc import Iterable
from typing import Literal

import msgspec
from msgspec import UNSET

from esante.identity import service as identity
from esante.kernel.actor import Scope
from esante.kernel.errors import Conflict, Invalid, NotFound, check_version
from esante.kernel.structs import AccountId, Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.workplaces import policy
from esante.workplaces.assistants import store
from esante.workplaces.events import AssignmentEnded, AssistantScopesGranted
from esante.workplaces.members import service as members
from esante.workplaces.sites import service as sites
from esante.workplaces.structs import (
    Assignment,
    AssignmentId,
    AssistedDoctor,
    AssistedWorkplace,
    InvitationRow,
    Leaving,
    Removal,
    ScopesWish,
    Workplace,
    WorkplaceId,
)


def list_assistants(tx: ReadTx, cursor: str | None, limit: int, *, ended: bool) -> Page[Assignment]:
    """Who assists at the practitioner's sites; with `ended` also who did. An admin sees all. Newest first."""
    own = policy.may_list_assistants(tx)
    key = decode_cursor(cursor, 1)
    found = store.assignments(tx, own, key[0] if key else None, limit + 1, ended=ended)
    return Page(items=found[:limit], next_cursor=encode_cursor(found[limit - 1].id) if len(found) > limit else None)


def change_scopes(tx: WriteTx, id: AssignmentId, version: int, wish: ScopesWish) -> Assignment:
    """All that the assistant may do at the site from the next request on, and for whom. An ended assignment is `WRONG_STATE`.

    For whom else than who invited them (null: for all who work there), only an admin and the site's owner may say.
    """
    kept = assignment_for(tx, id)
    site = sites.workplace(tx, kept.workplace_id)
    policy.may_manage(tx, kept, site, is_member=_is_colleague(tx, kept))
    _still_there(kept)
    check_version(kept.version, version, current=msgspec.to_builtins(kept))
    granted = sorted(set(wish.scopes))
    doctors = kept.doctors if wish.doctors is UNSET else wish.doctors and sorted(set(wish.doctors))
    if doctors != kept.doctors:
        policy.may_say_for_whom(tx, site)
        for one in doctors or ():
            if not members.is_member(tx, site.id, one):
                raise Invalid("This doctor does not work there", field="doctors", code="NOT_A_MEMBER")
    if (granted, doctors) != (kept.scopes, kept.doctors):
        store.set_granted(tx, kept.id, granted, doctors)
        _put_scopes(tx, kept.account_id, kept.workplace_id, granted)
    return assignment_for(tx, id)


def remove(tx: WriteTx, id: AssignmentId, why: Removal) -> Assignment:
    """The assistant works there no longer, by who invited them, the site's owner or an admin, with a reason."""
    kept = assignment_for(tx, id)
    policy.may_manage(tx, kept, sites.workplace(tx, kept.workplace_id), is_member=_is_colleague(tx, kept))
    _still_there(kept)
    _end(tx, kept, "clinic", why.reason)
    return assignment_for(tx, id)


def leave(tx: WriteTx, wish: Leaving) -> Assignment:
    """The assistant goes, with a reason; `NotFound` for a site where they do not work."""
    kept = store.active_assignment(tx, policy.is_assistant(tx), wish.workplace_id)
    if kept is None:
        raise NotFound("You do not work at this workplace")
    _end(tx, kept, "assistant", wish.reason)
    return assignment_for(tx, kept.id)


def list_own_doctors(tx: ReadTx) -> list[AssistedDoctor]:
    """The practitioners of the sites where the assistant works."""
    return store.own_doctors(tx, policy.is_assistant(tx))


def list_own_workplaces(tx: ReadTx) -> list[AssistedWorkplace]:
    """The sites where the assistant works, with what they may do there."""
    return store.own_workplaces(tx, policy.is_assistant(tx))


# --------------------------------------------------------------------------- for other rooms


def scopes_of(tx: ReadTx, account_id: AccountId) -> frozenset[tuple[WorkplaceId, str, Scope]]:
    """What this assistant may do, where, and for whom. For other rooms: the actor is filled from it.

    Hired by a practitioner: for that one, while they work there. Hired by the clinic or a site's owner for the whole site:
    for all who work there; at the clinic's own site for everybody.
    """
    return frozenset((one.workplace_id, one.practitioner_id, one.scope) for one in store.scopes(tx, account_id))


def desk_of(tx: ReadTx, practitioner_id: str, workplace_id: str, *scopes: Scope) -> list[AccountId]:
    """The active accounts that have one of the scopes for this practitioner at this site. For other rooms."""
    return store.desk_of(tx, practitioner_id, WorkplaceId(workplace_id), list(scopes))


def grant_scopes(tx: WriteTx, account_id: AccountId, workplace_id: WorkplaceId, scopes: Iterable[Scope]) -> None:
    """These scopes, and no others, in this workplace; who does not work there yet does from now on. For the house."""
    granted = sorted(set(scopes))
    kept = store.active_assignment(tx, account_id, workplace_id)
    if kept is None:
        assign(tx, account_id, sites.workplace(tx, workplace_id), granted)
    else:
        store.set_granted(tx, kept.id, granted, kept.doctors)
        _put_scopes(tx, account_id, workplace_id, granted)


def assignment_for(tx: ReadTx, id: str) -> Assignment:
    """An assignment by its id. For other rooms."""
    found = store.assignment(tx, AssignmentId(id))
    if found is None:
        raise NotFound("There is no such assistant")
    return found


def count_active(tx: ReadTx, workplace_id: WorkplaceId) -> int:
    """How many assistants work at the site. For other rooms."""
    return store.count_active(tx, workplace_id)


def end_all(tx: WriteTx, account_id: AccountId) -> None:
    """The account is closed: it assists nowhere any more. For other rooms."""
    for place in store.own_workplaces(tx, account_id):
        _end(tx, assignment_for(tx, place.assignment_id), "assistant", "the account was closed")


def active_assignment(tx: ReadTx, account_id: AccountId, workplace_id: WorkplaceId) -> Assignment | None:
    """Does this account assist at the site? For other rooms."""
    return store.active_assignment(tx, account_id, workplace_id)


def assign(
    tx: WriteTx,
    account_id: AccountId,
    site: Workplace,
    granted: list[Scope],
    by: InvitationRow | None = None,
    name: str | None = None,
) -> None:
    """The account assists at the site from now on; it becomes an assistant's if it is not. For other rooms."""
    if not store.is_assistant(tx, account_id):
        identity.add_role(tx, account_id, "assistant")
    new = Assignment(
        id=AssignmentId(new_id()),
        account_id=account_id,
        email=None,
        name=name,
        workplace_id=site.id,
        workplace_name=site.name,
        practitioner_id=by.practitioner_id if by else None,
        doctors=[by.practitioner_id] if by and by.practitioner_id else None,
        scopes=granted,
        since_at=tx.now,
        ended_at=None,
        ended_side=None,
        end_reason=None,
        version=1,
    )
    store.insert_assignment(tx, new, by.id if by else None)
    _put_scopes(tx, account_id, site.id, granted)


# ------------------------------------------------------------------------------------ private


def _put_scopes(tx: WriteTx, account_id: AccountId, workplace_id: WorkplaceId, granted: list[Scope]) -> None:
    store.put_scopes(tx, account_id, workplace_id, granted)
    tx.record(AssistantScopesGranted(subject=account_id, workplace_id=workplace_id, scopes=list(granted)))


def _is_colleague(tx: ReadTx, kept: Assignment) -> bool:
    """Is the actor a practitioner of the same site?"""
    return tx.actor.role == "doctor" and members.is_member(tx, kept.workplace_id, tx.actor.person_id)


def _still_there(kept: Assignment) -> None:
    if kept.ended_at is not None:
        raise Conflict(
            "This assistant does not work there any more",
            code="WRONG_STATE",
            extra={"state": "ended", "possible": []},
        )


def _end(tx: WriteTx, kept: Assignment, side: Literal["assistant", "clinic"], reason: str) -> None:
    store.end_assignment(tx, kept.id, side, reason)
    store.put_scopes(tx, kept.account_id, kept.workplace_id, [])
    tx.record(
        AssignmentEnded(
            subject=kept.id,
            account_id=kept.account_id,
            workplace_id=kept.workplace_id,
            practitioner_id=kept.practitioner_id,
            side=side,
        ),
        reason=reason,
    )
