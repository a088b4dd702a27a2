"""Sites, rooms and chairs: opened, changed, listed, and what other rooms ask of them (SPEC WA-01 to WA-04)."""

from itertools import pairwise
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import UNSET

from esante.identity import service as identity
from esante.kernel.errors import Conflict, Invalid, NotFound, check_version
from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.workplaces import policy
from esante.workplaces.events import (
    RoomCreated,
    RoomUpdated,
    WorkplaceClosed,
    WorkplaceCreated,
    WorkplaceUpdated,
)
from esante.workplaces.sites import store
from esante.workplaces.structs import (
    ImportedWorkplace,
    NewRoom,
    NewWorkplace,
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
    kept = workplace(tx, workplace_id)
    policy.may_change(tx, kept)
    _still_open(kept)
    check_version(kept.version, version)
    if patch.hours is not UNSET:
        check_hours(patch.hours)
    if patch.phone is not UNSET:
        _check_phone(tx, patch.phone)
    changed, fields = _apply(kept, patch)
    if not fields:
        return kept
    changed = msgspec.structs.replace(changed, version=kept.version + 1, updated_at=tx.now)
    store.update_workplace(tx, changed)
    tx.record(WorkplaceUpdated(subject=kept.id, version=changed.version, fields=fields))
    return changed


def open_workplace(tx: WriteTx, new: NewWorkplace) -> Workplace:
    """A new site: a practitioner's, who owns it then, or the clinic's when an admin opens it.

    Refused: an unverified practitioner, hours that end before they start or overlap, a telephone number that is none.
    """
    owner = policy.may_open(tx)
    check_hours(new.hours)
    _check_phone(tx, new.phone)
    return _make(tx, new, owner=owner, source="clinic")


def list_rooms(tx: ReadTx, workplace_id: WorkplaceId) -> list[Room]:
    """Rooms and chairs of a site, the closed ones last."""
    policy.may_see(tx)
    return store.rooms(tx, workplace(tx, workplace_id).id)


def add_room(tx: WriteTx, workplace_id: WorkplaceId, new: NewRoom) -> Room:
    """Open a room or chair. Its name is not another open one's."""
    site = workplace(tx, workplace_id)
    policy.may_change(tx, site)
    _still_open(site)
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
    kept = room(tx, room_id)
    policy.may_change(tx, workplace(tx, kept.workplace_id))
    check_version(kept.version, version)
    return _change_room(tx, kept, patch)


def _change_room(tx: WriteTx, kept: Room, patch: RoomPatch) -> Room:
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
    kept = room(tx, room_id)
    policy.may_change(tx, workplace(tx, kept.workplace_id))
    return _change_room(tx, kept, RoomPatch(is_active=False))


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


def own_id(tx: ReadTx) -> WorkplaceId | None:
    """The id of the clinic's own site, or None. For other rooms."""
    return store.primary_id(tx)


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


def ensure_workplace(tx: WriteTx, name: str) -> Workplace:
    """The clinic's own site, made with office hours when there is none. For the house."""
    found = store.primary(tx)
    return found or _make(
        tx, NewWorkplace(name=name, kind="clinic", hours=OFFICE_HOURS), is_primary=True, source="clinic"
    )


def import_workplace(tx: WriteTx, imported: ImportedWorkplace) -> WorkplaceId:
    """A site of another system; never the clinic's own. For the house."""
    return _make(tx, imported, source="import").id


def mark_closed(tx: WriteTx, kept: Workplace) -> Workplace:
    """For other rooms: the site takes nobody any more. `close_workplace` has asked whether it may."""
    closed = msgspec.structs.replace(kept, is_active=False, version=kept.version + 1, updated_at=tx.now)
    store.update_workplace(tx, closed)
    tx.record(WorkplaceClosed(subject=kept.id, version=closed.version))
    return closed


def open_site(tx: ReadTx, workplace_id: WorkplaceId) -> Workplace:
    """For other rooms: a site that is not closed, else `Conflict`."""
    found = workplace(tx, workplace_id)
    _still_open(found)
    return found


def check_hours(hours: list[OpeningHours]) -> None:
    """Each interval ends after it starts and overlaps no other of its day, else `Invalid`. For other rooms."""
    for one in hours:
        if one.from_time >= one.to_time:
            raise Invalid("Hours must start before they end", field="hours")
    for first, second in pairwise(sorted(hours, key=lambda one: (one.weekday, one.from_time))):
        if first.weekday == second.weekday and second.from_time < first.to_time:
            raise Invalid("Hours of one day must not overlap", field="hours")


def _make(
    tx: WriteTx,
    given: NewWorkplace | ImportedWorkplace,
    *,
    owner: PractitionerId | None = None,
    is_primary: bool = False,
    source: Literal["clinic", "import"],
) -> Workplace:
    described = dict.fromkeys(NewWorkplace.__struct_fields__) | {"hours": [], "services": [], "insurances": []}
    fields: dict[str, Any] = described | msgspec.structs.asdict(given)
    made = Workplace(
        id=WorkplaceId(new_id()),
        **fields,
        owner_id=owner,
        is_primary=is_primary,
        is_active=True,
        source=source,
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


def _name_is_free(tx: ReadTx, workplace_id: WorkplaceId, name: str) -> None:
    if store.room_named(tx, workplace_id, name) is not None:
        raise Conflict("There is already a room of that name", code="NAME_TAKEN")


def _still_open(site: Workplace) -> None:
    if not site.is_active:
        raise Conflict("This workplace is closed", code="WORKPLACE_CLOSED")


def _check_phone(tx: ReadTx, phone: str | None) -> None:
    """A number that can be dialled; it is kept as written."""
    if phone is not None and identity.maybe_mobile(tx, phone) is None:
        raise Invalid(
            "This is not a telephone number in {country}; write other countries' numbers with + and the country code",
            field="phone",
            country=tx.settings.country,
        )
