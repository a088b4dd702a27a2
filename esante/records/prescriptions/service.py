"""The use cases of prescriptions: one function, one transaction."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from esante.kernel import clock
from esante.kernel.errors import Conflict, Invalid
from esante.kernel.structs import Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerBrief
from esante.records.consultations import service as consultations
from esante.records.prescriptions import keeping, lines, policy, store
from esante.records.prescriptions.events import (
    PrescriptionAccessed,
    PrescriptionCancelled,
    PrescriptionCompleted,
    PrescriptionImported,
    PrescriptionLocked,
    PrescriptionSuperseded,
)
from esante.records.prescriptions.structs import (
    Cancellation,
    HistoryEntry,
    ImportedPrescription,
    NewPrescription,
    Prescription,
    PrescriptionContent,
    PrescriptionFilter,
    PrescriptionId,
    PrescriptionPatch,
    Replacement,
)


def prescribe(tx: WriteTx, new: NewPrescription) -> Prescription:
    """Prescribe in a consultation of one's own, or, with a reason, for a patient whom one treats.

    Several for one consultation are numbered. Refused: a prescriber who is not approved and active, a patient without a
    birth date, a consultation that was entered in error.
    """
    prescriber = policy.may_prescribe(tx)
    patient_id = _patient_of(tx, prescriber, new)
    if people.patient_brief(tx, patient_id).birth_date is None:
        raise Conflict("Record the patient's birth date first", code="BIRTH_DATE_REQUIRED")
    return keeping.issue(tx, prescriber, patient_id, new, consultation_id=new.consultation_id, reason=new.reason)


def replace_prescription(tx: WriteTx, id: PrescriptionId, version: int, whole: PrescriptionContent) -> Prescription:
    """The author gives the whole content anew within the edit window; later it is `Locked`, a stale version is refused."""
    before = keeping.found(tx, id)
    policy.may_change(tx, before)
    keeping.require_editable(before, version)
    return keeping.save(
        tx,
        before,
        msgspec.structs.replace(
            before, lines=lines.kept(whole.lines), general_note=whole.general_note, pharmacy=whole.pharmacy
        ),
    )


def change_prescription(tx: WriteTx, id: PrescriptionId, version: int, patch: PrescriptionPatch) -> Prescription:
    """The author changes what is named within the edit window; later it is `Locked`, a stale version is refused."""
    before = keeping.found(tx, id)
    policy.may_change(tx, before)
    keeping.require_editable(before, version)
    given: dict[str, Any] = {
        name: getattr(patch, name) for name in keeping.CONTENT if getattr(patch, name) is not UNSET
    }
    if patch.lines is not UNSET:
        given["lines"] = lines.kept(patch.lines)
    return keeping.save(tx, before, msgspec.structs.replace(before, **given))


def lock_prescription(tx: WriteTx, id: PrescriptionId) -> Prescription:
    """The author locks it before its time; it does not open again. Locking a locked one changes nothing."""
    kept = keeping.found(tx, id)
    policy.may_change(tx, kept)
    if kept.is_locked:
        return kept
    row = keeping.counted(tx, kept, can_edit_until=tx.now, lock_announced_at=tx.now, is_locked=True)
    store.update_lock(tx, row)
    keeping.keep_history(tx, row, "locked")
    tx.forget(keeping.lock_key(id))
    tx.record(
        PrescriptionLocked(subject=id, patient_id=row.patient_id, practitioner_id=row.practitioner_id, by_hand=True)
    )
    return row


def complete_prescription(tx: WriteTx, id: PrescriptionId) -> Prescription:
    """It has been taken to its end; locked or not. Only an active one."""
    kept = keeping.found(tx, id)
    policy.may_end(tx, kept)
    row = keeping.end(tx, kept, status="completed")
    keeping.keep_history(tx, row, "completed")
    tx.record(
        PrescriptionCompleted(
            subject=id, patient_id=row.patient_id, practitioner_id=row.practitioner_id, version=row.version
        )
    )
    return row


def cancel_prescription(tx: WriteTx, id: PrescriptionId, why: Cancellation) -> Prescription:
    """Stop it, with the reason; locked or not. Only an active one."""
    kept = keeping.found(tx, id)
    policy.may_end(tx, kept)
    row = keeping.end(tx, kept, status="cancelled", status_reason=why.reason)
    keeping.keep_history(tx, row, "cancelled")
    tx.record(
        PrescriptionCancelled(
            subject=id, patient_id=row.patient_id, practitioner_id=row.practitioner_id, version=row.version
        ),
        reason=why.reason,
    )
    return row


def supersede_prescription(tx: WriteTx, id: PrescriptionId, by: Replacement) -> Prescription:
    """Put a new prescription, which is returned, in the place of an active one: the way to correct after the lock."""
    old = keeping.found(tx, id)
    prescriber = policy.may_end(tx, old)
    keeping.require_active(old)
    own = policy.is_author(tx, old)
    reason = by.reason or (old.reason if own else None)
    if not own and reason is None:
        raise Invalid("Say why you replace a colleague's prescription", field="reason")
    place = old.consultation_id if own else None
    new = keeping.issue(tx, prescriber, old.patient_id, by, consultation_id=place, reason=reason)
    row = keeping.end(tx, old, status="superseded", superseded_by=new.id, status_reason=by.reason)
    keeping.keep_history(tx, row, "superseded")
    tx.record(
        PrescriptionSuperseded(
            subject=id,
            patient_id=row.patient_id,
            practitioner_id=row.practitioner_id,
            version=row.version,
            superseded_by=new.id,
        ),
        reason=by.reason,
    )
    return new


def open_prescription(tx: LookTx, id: PrescriptionId) -> Prescription:
    """Read one: its author, who treats the patient, the patient."""
    kept = keeping.found(tx, id)
    policy.may_read(tx, kept)
    tx.record(PrescriptionAccessed(subject=id, patient_id=kept.patient_id, access_type="view"))
    return kept


def read_history(tx: LookTx, id: PrescriptionId) -> Page[HistoryEntry]:
    """Everything that was done to it, the oldest first, each with the whole of it as it then stood."""
    kept = keeping.found(tx, id)
    policy.may_read(tx, kept)
    tx.record(PrescriptionAccessed(subject=id, patient_id=kept.patient_id, access_type="history"))
    return Page(items=store.history(tx, id))


def list_prescriptions(tx: LookTx, wanted: PrescriptionFilter) -> Page[Prescription]:
    """What the reader may see, newest first; one audit line for each patient shown."""
    items, more = _rows(tx, wanted, *policy.visible(tx))
    counts: dict[PatientId, int] = {}
    for item in items:
        counts[item.patient_id] = counts.get(item.patient_id, 0) + 1
    for patient_id, count in counts.items():
        tx.record(PrescriptionAccessed(subject=patient_id, patient_id=patient_id, access_type="list", count=count))
    cursor = encode_cursor(clock.text(items[-1].issued_at), items[-1].id) if more else None
    return Page(items=items, next_cursor=cursor)


def list_of_patient(tx: LookTx, patient_id: PatientId, wanted: PrescriptionFilter) -> Page[Prescription]:
    """One patient's prescriptions; a doctor without relation to the patient gets `NotFound`."""
    policy.may_read_chart(tx, patient_id)
    page = list_prescriptions(tx, msgspec.structs.replace(wanted, patient_id=patient_id))
    if not page.items:
        tx.record(PrescriptionAccessed(subject=patient_id, patient_id=patient_id, access_type="list", count=0))
    return page


def list_rows(tx: ReadTx, wanted: PrescriptionFilter) -> tuple[list[Prescription], bool]:
    """What the actor may see of these, newest first, and whether there is more. For other rooms, which record the look."""
    return _rows(tx, wanted, *policy.visible(tx))


def _rows(
    tx: ReadTx, wanted: PrescriptionFilter, visible: str, values: dict[str, Any]
) -> tuple[list[Prescription], bool]:
    narrowing: dict[str, Any] = {
        "patient_id": wanted.patient_id,
        "consultation_id": wanted.consultation_id,
        "status": wanted.status,
        "running": wanted.running or None,
    }
    if before := decode_cursor(wanted.cursor, 2):
        narrowing |= {"before_at": str(before[0]), "before_id": str(before[1])}
    values |= {"now": tx.now, "today": keeping.today(tx), "limit": wanted.limit + 1} | narrowing
    named = [name for name in store.NARROW if narrowing.get(name) is not None]
    found = store.prescriptions(tx, visible, values, named)
    return found[: wanted.limit], len(found) > wanted.limit


def may_read_chart(tx: ReadTx, patient_id: PatientId) -> None:
    """Refuses whoever may not see this patient's clinical lists. For other rooms."""
    policy.may_read_chart(tx, patient_id)


def prescription_for(tx: ReadTx, id: PrescriptionId) -> Prescription:
    """The row as it is, without policy. For other rooms."""
    return keeping.found(tx, id)


def announce_lock(tx: WriteTx, id: PrescriptionId) -> None:
    """Say once that the edit window has ended. For the house: nothing about the lock depends on it."""
    policy.house_only(tx)
    kept = keeping.found(tx, id)
    if kept.is_locked and store.mark_lock_announced(tx, id, tx.now):
        keeping.keep_history(tx, msgspec.structs.replace(kept, lock_announced_at=tx.now), "locked")
        tx.record(PrescriptionLocked(subject=id, patient_id=kept.patient_id, practitioner_id=kept.practitioner_id))


def import_prescription(tx: WriteTx, given: ImportedPrescription) -> PrescriptionId:
    """A prescription from another system, at its own date, locked from the start. For the house."""
    policy.house_only(tx)
    issued_on = clock.local_date(given.issued_at, ZoneInfo(tx.settings.time_zone))
    row = Prescription(
        id=PrescriptionId(new_id()),
        patient_id=given.patient_id,
        practitioner_id=given.practitioner_id,
        consultation_id=given.consultation_id,
        number=store.next_number(tx, given.consultation_id, given.patient_id),
        status=given.status,
        status_reason=given.status_reason,
        issued_at=given.issued_at,
        issued_precision=given.issued_precision,
        ends_on=given.ends_on or lines.ends_on(given.lines, issued_on),
        lines=given.lines,
        general_note=given.general_note,
        source="import",
        created_at=tx.now,
        updated_at=tx.now,
        can_edit_until=tx.now,
        lock_announced_at=tx.now,
        is_locked=True,
    )
    store.insert(tx, row)
    keeping.keep_history(tx, row, "imported")
    tx.record(PrescriptionImported(subject=row.id, patient_id=row.patient_id, practitioner_id=row.practitioner_id))
    return row.id


def _patient_of(tx: ReadTx, prescriber: PractitionerBrief, new: NewPrescription) -> PatientId:
    if new.consultation_id is not None:
        consultation = consultations.consultation_for(tx, new.consultation_id)
        policy.may_prescribe_in(tx, prescriber, consultation)
        if consultation.status == "entered_in_error":
            raise Conflict("This consultation was entered in error", code="WRONG_STATE")
        if new.patient_id not in (None, consultation.patient_id):
            raise Invalid("The consultation is another patient's", field="patientId")
        return consultation.patient_id
    if new.patient_id is None:
        raise Invalid("Name the consultation, or the patient", field="patientId")
    if new.reason is None:
        raise Invalid("A prescription without a consultation needs its reason", field="reason")
    policy.may_prescribe_for(tx, new.patient_id)
    return new.patient_id
