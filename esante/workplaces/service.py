"""The use cases of workplaces, and what other rooms ask of them."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET

from esante.kernel.actor import Scope
from esante.kernel.errors import Conflict, Invalid, NotFound, Stale
from esante.kernel.structs import AccountId, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.workplaces import policy, store
from esante.workplaces.events import (
    AssistantScopesGranted,
    RoomCreated,
    RoomUpdated,
    WorkplaceCreated,
    WorkplaceUpdated,
)
from esante.workplaces.structs import (
    ImportedWorkplace,
    NewRoom,
    OpeningHours,
    Room,
    RoomId,
    RoomPatch,
    Workplace,
    WorkplaceId,
    WorkplacePatch,
)

T = TypeVar("T", bound=msgspec.Struct)

OFFICE_HOURS = [OpeningHours(weekday=weekday, from_time="08:00", to_time="18:00") for weekday in range(1, 6)]
"""Of a clinic that has not said otherwise: Monday to Friday."""


def list_workplaces(tx: ReadTx) -> list[Workplace]:
    """Every active site, the clinic's own first."""
    policy.may_see(tx)
    return store.workplaces(tx)


def show_workplace(tx: ReadTx, workplace_id: WorkplaceId) -> Workplace:
    """One site; `NotFound` when there is none."""
    policy.may_see(tx)
    return workplace(tx, workplace_id)


def change_workplace(tx: WriteTx, workplace_id: WorkplaceId, version: int, patch: WorkplacePatch) -> Workplace:
    """Change what is given. Hours that end before they start, or overlap on a day, are refused; so is a stale version."""
    policy.may_change(tx)
    kept = workplace(tx, workplace_id)
    _same_version(kept.version, version)
    if patch.hours is not UNSET:
        check_hours(patch.hours)
    changed, fields = _apply(kept, patch)
    if not fields:
        return kept
    changed = msgspec.structs.replace(changed, version=kept.version + 1, updated_at=tx.now)
    store.update_workplace(tx, changed)
    tx.record(WorkplaceUpdated(subject=kept.id, version=changed.version, fields=fields))
    return changed


def list_rooms(tx: ReadTx, workplace_id: WorkplaceId) -> list[Room]:
    """Rooms and chairs of a site, the closed ones last."""
    policy.may_see(tx)
    return store.rooms(tx, workplace(tx, workplace_id).id)


def add_room(tx: WriteTx, workplace_id: WorkplaceId, new: NewRoom) -> Room:
    """Open a room or chair. Its name is not another open one's."""
    policy.may_change(tx)
    site = workplace(tx, workplace_id)
    _name_is_free(tx, site.id, new.name)
    room = Room(
        id=RoomId(new_id()),
        workplace_id=site.id,
        name=new.name,
        kind=new.kind,
        is_active=True,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    store.insert_room(tx, room)
    tx.record(RoomCreated(subject=room.id, workplace_id=site.id))
    return room


def change_room(tx: WriteTx, room_id: RoomId, version: int, patch: RoomPatch) -> Room:
    """Rename a room, or close and reopen it. A closed room keeps its appointments and takes no new ones."""
    policy.may_change(tx)
    kept = room(tx, room_id)
    _same_version(kept.version, version)
    changed, fields = _apply(kept, patch)
    if not fields:
        return kept
    if changed.is_active and ("name" in fields or "is_active" in fields):
        _name_is_free(tx, kept.workplace_id, changed.name)
    changed = msgspec.structs.replace(changed, version=kept.version + 1, updated_at=tx.now)
    store.update_room(tx, changed)
    tx.record(RoomUpdated(subject=kept.id, version=changed.version, fields=fields))
    return changed


def close_room(tx: WriteTx, room_id: RoomId) -> Room:
    """Take a room out of use; closing it again changes nothing."""
    policy.may_change(tx)
    return change_room(tx, room_id, room(tx, room_id).version, RoomPatch(is_active=False))


def the_workplace(tx: ReadTx) -> Workplace:
    """The clinic's own site. For other rooms."""
    found = store.primary(tx)
    if found is None:
        raise NotFound("This clinic has no workplace yet")
    return found


def the_workplace_id(tx: ReadTx) -> WorkplaceId:
    """The id of the clinic's own site. For other rooms."""
    found = store.primary_id(tx)
    if found is None:
        raise NotFound("This clinic has no workplace yet")
    return found


def workplace(tx: ReadTx, workplace_id: WorkplaceId) -> Workplace:
    """A site by its id. For other rooms."""
    found = store.workplace(tx, workplace_id)
    if found is None:
        raise NotFound("There is no such workplace")
    return found


def room(tx: ReadTx, room_id: RoomId) -> Room:
    """A room or chair by its id. For other rooms."""
    found = store.room(tx, room_id)
    if found is None:
        raise NotFound("There is no such room")
    return found


def scopes_of(tx: ReadTx, account_id: AccountId) -> frozenset[tuple[WorkplaceId, Scope]]:
    """What this assistant may do, and where. For other rooms: the actor is filled from it."""
    return frozenset((granted.workplace_id, granted.scope) for granted in store.scopes(tx, account_id))


def grant_scopes(tx: WriteTx, account_id: AccountId, workplace_id: WorkplaceId, scopes: Iterable[Scope]) -> None:
    """These scopes, and no others, in this workplace. For the house."""
    granted = sorted(set(scopes))
    store.delete_scopes(tx, account_id, workplace_id)
    for scope in granted:
        store.insert_scope(tx, account_id, workplace_id, scope)
    tx.record(AssistantScopesGranted(subject=account_id, workplace_id=workplace_id, scopes=list(granted)))


def ensure_workplace(tx: WriteTx, name: str) -> Workplace:
    """The clinic's own site, made with office hours when there is none. For the house."""
    found = store.primary(tx)
    return found or _make(tx, ImportedWorkplace(name=name), hours=OFFICE_HOURS, is_primary=True)


def import_workplace(tx: WriteTx, imported: ImportedWorkplace) -> WorkplaceId:
    """A site of another system; never the clinic's own. For the house."""
    return _make(tx, imported, hours=[], is_primary=False).id


def check_hours(hours: list[OpeningHours]) -> None:
    """Each interval ends after it starts and overlaps no other of its day, else `Invalid`. For other rooms."""
    for one in hours:
        if one.from_time >= one.to_time:
            raise Invalid("Hours must start before they end", field="hours")
    for first, second in pairwise(sorted(hours, key=lambda one: (one.weekday, one.from_time))):
        if first.weekday == second.weekday and second.from_time < first.to_time:
            raise Invalid("Hours of one day must not overlap", field="hours")


def _make(tx: WriteTx, given: ImportedWorkplace, *, hours: list[OpeningHours], is_primary: bool) -> Workplace:
    made = Workplace(
        id=WorkplaceId(new_id()),
        **msgspec.structs.asdict(given),
        description=None,
        hours=hours,
        is_primary=is_primary,
        is_active=True,
        source="clinic" if is_primary else "import",
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    store.insert_workplace(tx, made)
    tx.record(WorkplaceCreated(subject=made.id))
    return made


def _apply(kept: T, patch: msgspec.Struct) -> tuple[T, list[str]]:
    """The row with what the patch gives, and the names of the fields that really change."""
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(patch).items()
        if value is not UNSET and value != getattr(kept, name)
    }
    return msgspec.structs.replace(kept, **given), sorted(given)


def _same_version(kept: int, read: int) -> None:
    if kept != read:
        raise Stale("Somebody changed this since you read it. Read it again, then change it")


def _name_is_free(tx: ReadTx, workplace_id: WorkplaceId, name: str) -> None:
    if store.room_named(tx, workplace_id, name) is not None:
        raise Conflict("There is already a room of that name", code="NAME_TAKEN")
