"""Who works at a site: practitioners with their own fee, one site of each the primary one (SPEC WA-01)."""

from msgspec import UNSET

from esante.kernel.errors import Conflict, Invalid, NotFound
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PractitionerId
from esante.workplaces import policy
from esante.workplaces.events import MemberJoined, MemberLeft, MemberUpdated
from esante.workplaces.members import store
from esante.workplaces.sites import service as sites
from esante.workplaces.structs import (
    DoctorWorkplace,
    Member,
    MemberWish,
    NewWorkplace,
    WorkplaceId,
    WorkplacePatch,
)


def list_doctor_workplaces(tx: ReadTx, practitioner_id: PractitionerId) -> list[DoctorWorkplace]:
    """Where a practitioner can be visited, the primary site first; `NotFound` unless verified and active. Open."""
    policy.may_see_public(tx)
    return store.places(tx, people.bookable_practitioner(tx, practitioner_id).id)


def list_own(tx: ReadTx) -> list[DoctorWorkplace]:
    """The sites where the signed-in practitioner works, the primary one first."""
    return store.places(tx, policy.is_doctor(tx))


def show_own(tx: ReadTx, workplace_id: WorkplaceId) -> DoctorWorkplace:
    """One site where the signed-in practitioner works; any other is `NotFound`."""
    return _place(tx, policy.is_doctor(tx), workplace_id)


def open_own(tx: WriteTx, new: NewWorkplace) -> DoctorWorkplace:
    """A practitioner opens a site, owns it and works there; their first site is their primary one."""
    policy.is_doctor(tx)
    made = sites.open_workplace(tx, new)
    assert made.owner_id is not None  # a doctor opened it
    _join(tx, made.id, made.owner_id, None)
    return _place(tx, made.owner_id, made.id)


def change_own(tx: WriteTx, workplace_id: WorkplaceId, version: int, wish: NewWorkplace) -> DoctorWorkplace:
    """All of a site at once, by the practitioner who opened it; what is left out is emptied."""
    owner = policy.is_doctor(tx)
    _place(tx, owner, workplace_id)
    patch = WorkplacePatch(**{name: getattr(wish, name) for name in NewWorkplace.__struct_fields__})
    sites.change_workplace(tx, workplace_id, version, patch)
    return _place(tx, owner, workplace_id)


def list_members(tx: ReadTx, workplace_id: WorkplaceId) -> list[Member]:
    """The practitioners of a site, by name."""
    policy.may_see(tx)
    return store.members(tx, sites.workplace(tx, workplace_id).id)


def put_member(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId, wish: MemberWish) -> Member:
    """A practitioner works at the site from now on, or their fee there changes, or it becomes their primary site.

    Admins and the site's owner add; a member changes their own. Only verified practitioners are added.
    """
    site = sites.open_site(tx, workplace_id)
    before = store.member(tx, site.id, practitioner_id)
    policy.may_change_member(tx, site, practitioner_id, is_member=before is not None)
    fields = []
    if before is None:
        fee = None if wish.fee_minor is UNSET else wish.fee_minor
        _join(tx, site.id, people.bookable_practitioner(tx, practitioner_id).id, fee)
    elif wish.fee_minor is not UNSET and wish.fee_minor != before.fee_minor:
        store.set_fee(tx, site.id, practitioner_id, wish.fee_minor)
        fields.append("fee_minor")
    if wish.is_primary is True and store.primary(tx, practitioner_id) != site.id:
        store.set_primary(tx, site.id, practitioner_id)
        fields.append("is_primary")
    if fields:
        tx.record(MemberUpdated(subject=practitioner_id, workplace_id=site.id, fields=fields))
    return _member(tx, site.id, practitioner_id)


def remove_member(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> None:
    """The practitioner works there no longer; their oldest other site becomes primary if this was it. Never the owner."""
    site = sites.workplace(tx, workplace_id)
    before = store.member(tx, site.id, practitioner_id)
    policy.may_change_member(tx, site, practitioner_id, is_member=before is not None)
    if before is None:
        raise NotFound("This practitioner does not work there")
    if site.owner_id == practitioner_id:
        raise Conflict("The owner of a workplace stays; close the workplace instead", code="OWNER")
    _leave(tx, site.id, practitioner_id)


# ---------------------------------------------------------------------------- for other rooms


def is_member(tx: ReadTx, workplace_id: WorkplaceId, practitioner_id: str | None) -> bool:
    """For other rooms. Does this practitioner work at the site?"""
    return practitioner_id is not None and (store.member(tx, workplace_id, PractitionerId(practitioner_id)) is not None)


def primary_place(tx: ReadTx, practitioner_id: str) -> WorkplaceId | None:
    """For other rooms. The site where the practitioner mostly works; None when there is none."""
    return store.primary(tx, PractitionerId(practitioner_id))


def works_at(tx: ReadTx, practitioner_id: str, workplace_id: WorkplaceId) -> bool:
    """For other rooms. Can the practitioner be visited at the site? Who is a member nowhere, at the clinic's own."""
    who = PractitionerId(practitioner_id)
    return store.usual_place(tx, who) == workplace_id or store.member(tx, workplace_id, who) is not None


def place_for(tx: ReadTx, practitioner_id: str, asked: WorkplaceId | None) -> WorkplaceId:
    """For other rooms. Where a visit is: at the site that is asked for, else the clinic's own, else the practitioner's primary.

    A site where the practitioner does not work is `Invalid`, a closed one a `Conflict`.
    """
    if asked is None:
        usual = store.usual_place(tx, PractitionerId(practitioner_id))
        if usual is None:
            raise NotFound("This clinic has no workplace yet")
        return usual
    if not works_at(tx, practitioner_id, asked):
        raise Invalid("This doctor does not work there", field="workplaceId", code="NOT_A_MEMBER")
    return sites.open_site(tx, asked).id


def join_own_site(tx: WriteTx, practitioner_id: str) -> None:
    """For other rooms. A practitioner who works nowhere yet works at the clinic's own site, if there is one."""
    own = sites.own_id(tx)
    if own is not None and store.oldest(tx, PractitionerId(practitioner_id)) is None:
        _join(tx, own, PractitionerId(practitioner_id), None)


def dismiss_all(tx: WriteTx, workplace_id: WorkplaceId) -> None:
    """For other rooms. The site is closed: nobody works there any more."""
    for one in store.members(tx, workplace_id):
        _leave(tx, workplace_id, one.practitioner_id)


# ------------------------------------------------------------------------------------ private


def _join(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId, fee_minor: int | None) -> None:
    if not store.revive_member(tx, workplace_id, practitioner_id, fee_minor):
        store.insert_member(tx, workplace_id, practitioner_id, fee_minor)
    if store.primary(tx, practitioner_id) is None:
        store.set_primary(tx, workplace_id, practitioner_id)
    tx.record(MemberJoined(subject=practitioner_id, workplace_id=workplace_id))


def _leave(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> None:
    store.end_member(tx, workplace_id, practitioner_id)
    if store.primary(tx, practitioner_id) is None and (next_one := store.oldest(tx, practitioner_id)):
        store.set_primary(tx, next_one, practitioner_id)
    tx.record(MemberLeft(subject=practitioner_id, workplace_id=workplace_id))


def _member(tx: ReadTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> Member:
    found = store.member(tx, workplace_id, practitioner_id)
    if found is None:
        raise NotFound("This practitioner does not work there")
    return found


def _place(tx: ReadTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId) -> DoctorWorkplace:
    found = store.place(tx, practitioner_id, workplace_id)
    if found is None:
        raise NotFound("There is no such workplace")
    return found
