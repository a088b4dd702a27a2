"""Merging two records of one person, and undoing it (SPEC PE-17).

What had belonged to the other record moves to the survivor: here accounts, dependants, care relations and consents, in the
rooms on the right whatever they keep, by `inside` reactions. Each row that moved is noted, so that undoing brings both
records back exactly.
"""

from collections.abc import Callable, Sequence

import msgspec

from esante.identity.persons import service as persons
from esante.identity.service import require_fresh
from esante.kernel.errors import Conflict, Invalid, NotFound
from esante.kernel.structs import Page, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.events import PatientsMerged, PatientsUnmerged
from esante.people.merging import policy, store
from esante.people.merging.fields import came_back, taken_over
from esante.people.merging.structs import Merge, MergeId, MergeRequest, MergeRow, UnmergeRequest
from esante.people.patients import service as patients
from esante.people.structs import Patient

# --------------------------------------------------------------------------- for other rooms


def note_moved(tx: WriteTx, merge_id: str, kind: str, ids: list[str]) -> None:
    """For other rooms. These rows of this kind went from the other record to the survivor."""
    store.note_rows(tx, merge_id, kind, ids)


def to_return(tx: ReadTx, merge_id: str, kind: str | None = None) -> list[str]:
    """For other rooms. The ids of the rows (of this kind) that moved, and those of any kind that are chosen to go along."""
    return store.row_ids(tx, merge_id, kind)


def note_returned(tx: WriteTx, merge_id: str, ids: list[str]) -> None:
    """For other rooms. These rows are the other record's again."""
    store.note_returned(tx, merge_id, ids)


# -------------------------------------------------------------------------------- use cases


def merge_patients(tx: WriteTx, survivor_id: str, asked: MergeRequest) -> Merge:
    """The other record becomes an alias of this one, which takes over all that it has and what it lacks itself.

    By an admin, with a reason. Refused: an alias, a survivor that is archived, and two of whom one is the other's guardian.
    """
    policy.may_merge(tx)
    require_fresh(tx)
    survivor, other = patients.whole_patient(tx, survivor_id), patients.whole_patient(tx, asked.other_id)
    _check(survivor, other)
    merge_id = MergeId(new_id())
    store.make_alias(tx, other.id, survivor.id)
    after = patients.rewrite(tx, survivor, taken_over(survivor, other))
    merge = MergeRow(
        id=merge_id,
        survivor_id=survivor.id,
        other_id=other.id,
        reason=asked.reason,
        survivor_before=survivor,
        survivor_after=after,
        other_archived_at=other.archived_at,
        merged_at=tx.now,
        merged_by=tx.actor.id,
        undone_at=None,
        undone_by=None,
    )
    store.insert_merge(tx, merge)
    for kind, move in _OWN.items():
        store.note_rows(tx, merge_id, kind, list(move(tx, other.id, survivor.id)))
    tx.record(PatientsMerged(subject=merge_id, patient_id=survivor.id, other_id=other.id), reason=asked.reason)
    return _shown(tx, merge)


def unmerge_patients(tx: WriteTx, survivor_id: str, asked: UnmergeRequest) -> Merge:
    """Both records come back as they were before; what was changed or made since stays with the survivor, but for the rows
    that are chosen for the other one.

    By an admin, with a reason. Refused: no such merge, a survivor that was merged further (undo that first), a chosen row that
    is not the survivor's or that belongs to a visit which is not chosen, and a mobile number that somebody else has meanwhile.
    """
    policy.may_merge(tx)
    require_fresh(tx)
    merge = store.live_merge(tx, asked.other_id)
    if merge is None or merge.survivor_id != survivor_id:
        raise NotFound("These two records are not merged")
    survivor = patients.whole_patient(tx, survivor_id)
    if survivor.merged_into:
        raise Conflict("This record was merged into another one since: undo that first", code="UNDO_LATER_FIRST")
    store.note_rows(tx, merge.id, "chosen", asked.to_other, later=True)
    patients.rewrite(tx, survivor, came_back(merge.survivor_before, merge.survivor_after, survivor))
    patients.refuse_taken_mobile(tx, patients.whole_patient(tx, merge.other_id))
    store.make_record(tx, merge)
    for kind, move in _OWN_BACK.items():
        # A care relation goes by its visit: one that was opened since, for a visit that moved, is noted nowhere.
        ids = to_return(tx, merge.id, None if kind == "care" else kind)
        returned = list(move(tx, ids, merge.survivor_id, merge.other_id))
        if kind != "care":  # its visit is what was chosen, and is noted by its own room
            store.note_returned(tx, merge.id, returned)
    event = PatientsUnmerged(subject=merge.id, patient_id=merge.survivor_id, other_id=merge.other_id)
    tx.record(event, reason=asked.reason)
    if left := store.left_behind(tx, merge.id):
        raise Invalid(
            "Some of these rows are not of this record, or belong to a visit: name the visit instead",
            field="toOther",
            extra={"rows": left},
        )
    store.set_undone(tx, merge.id)
    return _shown(tx, msgspec.structs.replace(merge, undone_at=tx.now, undone_by=tx.actor.id))


def list_merges(tx: ReadTx, patient_id: str) -> Page[Merge]:
    """Which records this one was merged with, the oldest first, undone or not. Admins."""
    policy.may_merge(tx)
    return Page(items=[_shown(tx, merge) for merge in store.merges_of(tx, patient_id)])


_OWN: dict[str, Callable[[WriteTx, str, str], Sequence[str]]] = {
    "account": persons.move_person,
    "dependant": store.move_dependants,
    "care": store.move_care,
    "consent": store.move_consents,
    "guardianship": store.move_guardianships,
}


def _accounts_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> Sequence[str]:
    return persons.move_person(tx, from_id, to_id, only=ids)


_OWN_BACK: dict[str, Callable[[WriteTx, list[str], str, str], Sequence[str]]] = {
    "account": _accounts_back,
    "dependant": store.move_dependants_back,
    "care": store.move_care_back,
    "consent": store.move_consents_back,
    "guardianship": store.move_guardianships_back,
}


def _check(survivor: Patient, other: Patient) -> None:
    if survivor.id == other.id:
        raise Invalid("A record cannot be merged with itself", field="otherId")
    for one in (survivor, other):
        if one.merged_into:
            raise Conflict(
                "This record was merged into another one: ask for that one",
                code="PATIENT_MERGED",
                extra={"patientId": one.merged_into},
            )
    if survivor.archived_at is not None:
        raise Conflict("This patient is archived", code="WRONG_STATE", extra={"state": "archived", "possible": []})
    if survivor.id == other.guardian_id or other.id == survivor.guardian_id:
        raise Conflict("One of them is the other one's guardian", code="GUARDIAN_IN_THE_WAY")


def _shown(tx: ReadTx, merge: MergeRow) -> Merge:
    return Merge(
        id=merge.id,
        survivor_id=merge.survivor_id,
        other_id=merge.other_id,
        reason=merge.reason,
        moved={one.kind: one.count for one in store.moved(tx, merge.id)},
        merged_at=merge.merged_at,
        merged_by=merge.merged_by,
        undone_at=merge.undone_at,
        undone_by=merge.undone_by,
    )
