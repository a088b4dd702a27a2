"""The use cases of consultations: one function, one transaction."""

from datetime import timedelta
from typing import Any, Literal

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, Invalid, Locked, NotFound, check_version
from esante.kernel.structs import AccountId, Page, decode_cursor, encode_cursor, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PatientId
from esante.records.consultations import content, policy, store
from esante.records.consultations.events import (
    AddendumAdded,
    AnnounceSeal,
    ConsultationAccessed,
    ConsultationCompleted,
    ConsultationCreated,
    ConsultationEnteredInError,
    ConsultationImported,
    ConsultationSealed,
    ConsultationUpdated,
)
from esante.records.consultations.structs import (
    Addendum,
    AddendumId,
    Completion,
    Consultation,
    ConsultationBrief,
    ConsultationContent,
    ConsultationFilter,
    ConsultationId,
    ConsultationPatch,
    ConsultationState,
    ConsultationView,
    EnteredInError,
    ImportedConsultation,
    NewAddendum,
    NewConsultation,
    Snapshot,
)
from esante.scheduling import service as scheduling
from esante.scheduling.structs import Appointment, AppointmentId

SPELLING = {field.name: field.encode_name for field in msgspec.structs.fields(Consultation)}
"""From our names of fields to the API's."""
STARTED = ("checked_in", "in_progress", "completed")


def open_draft(tx: WriteTx, appointment_id: AppointmentId) -> ConsultationId:
    """The empty draft of a visit that starts; the one that is there stays. For the house and for scheduling's events.

    A patient without a birth date is refused (SPEC PE-01).
    """
    found = store.of_appointment(tx, appointment_id)
    if found is not None:
        return found.id
    return _new_draft(tx, scheduling.appointment_for(tx, appointment_id)).id


def write_consultation(tx: WriteTx, new: NewConsultation) -> ConsultationView:
    """Write the consultation of an appointment of one's own that has begun; an untouched draft is filled.

    An appointment has one consultation: a second is refused, as is a visit that has not begun and a patient without
    a birth date.
    """
    author = policy.may_write(tx)
    appointment = scheduling.appointment_for(tx, new.appointment_id)
    if appointment.practitioner_id != author.id:
        raise NotFound("There is no such appointment")
    if appointment.status not in STARTED:
        raise Conflict(
            "A consultation is written once the patient is here",
            code="WRONG_STATE",
            extra={"state": appointment.status, "possible": list(STARTED)},
        )
    draft = store.of_appointment(tx, appointment.id)
    if draft is not None and (draft.status != "draft" or draft.version > 1):
        raise Conflict(
            "This appointment has its consultation already",
            code="CONSULTATION_EXISTS",
            extra={"consultationId": draft.id},
        )
    draft = draft or _new_draft(tx, appointment)
    return _view(tx, _save(tx, draft, content.filled(tx, draft, new)))


def replace_consultation(tx: WriteTx, id: ConsultationId, version: int, whole: ConsultationContent) -> ConsultationView:
    """The author gives the whole content anew, while it may be edited. A stale version and a sealed row are refused."""
    kept = _found(tx, id)
    policy.may_change(tx, kept)
    _require_editable(tx, kept, version)
    return _view(tx, _save(tx, kept, content.filled(tx, kept, whole)))


def change_consultation(tx: WriteTx, id: ConsultationId, version: int, patch: ConsultationPatch) -> ConsultationView:
    """The author changes what is named; the rest stays. A stale version and a sealed row are refused."""
    kept = _found(tx, id)
    policy.may_change(tx, kept)
    _require_editable(tx, kept, version)
    return _view(tx, _save(tx, kept, content.merged(tx, kept, patch)))


def complete_consultation(tx: WriteTx, id: ConsultationId, how: Completion) -> ConsultationView:
    """The author is done: the patient may read it; it may be edited for the clinic's window, then it is sealed.

    Refused without a chief complaint, and for anything but a draft.
    """
    kept = _found(tx, id)
    policy.may_change(tx, kept)
    _require_state(kept, "draft")
    if not kept.chief_complaint:
        raise Invalid("A completed consultation needs its chief complaint", field="chiefComplaint")
    until = tx.now + timedelta(hours=tx.settings.consultation_edit_hours)
    done = _counted(tx, kept, status="completed", ended_at=tx.now, completed_at=tx.now, can_edit_until=until)
    store.update_completed(tx, done)
    _keep_history(tx, done, "completed")
    tx.later(AnnounceSeal(consultation_id=id), due=until, key=f"consultation-seal:{id}")
    if how.complete_visit and done.appointment_id is not None:
        scheduling.complete_appointment(tx, done.appointment_id)
    tx.record(
        ConsultationCompleted(
            subject=id,
            patient_id=done.patient_id,
            practitioner_id=str(done.practitioner_id),
            appointment_id=done.appointment_id,
            version=done.version,
            can_edit_until=until,
        )
    )
    return _view(tx, done)


def add_addendum(tx: WriteTx, id: ConsultationId, new: NewAddendum) -> Addendum:
    """Add to a completed consultation, at any time; what was added stays."""
    kept = _found(tx, id)
    author = policy.may_add(tx, kept)
    _require_state(kept, "completed")
    row = Addendum(
        id=AddendumId(new_id()),
        consultation_id=id,
        practitioner_id=author.id,
        text=new.text,
        is_private=new.is_private,
        created_at=tx.now,
    )
    store.insert_addendum(tx, row)
    tx.record(AddendumAdded(subject=id, patient_id=kept.patient_id, addendum_id=row.id, practitioner_id=author.id))
    return row


def enter_in_error(tx: WriteTx, id: ConsultationId, why: EnteredInError) -> ConsultationState:
    """The author, or an admin, says that it should not have been written. The content is kept; the patient no longer sees it."""
    kept = _found(tx, id)
    policy.may_mark_error(tx, kept)
    _require_state(kept, "completed")
    row = _counted(tx, kept, status="entered_in_error", error_at=tx.now, error_reason=why.reason)
    store.update_error(tx, row)
    _keep_history(tx, row, "entered_in_error")
    tx.record(
        ConsultationEnteredInError(
            subject=id, patient_id=row.patient_id, practitioner_id=row.practitioner_id, version=row.version
        ),
        reason=why.reason,
    )
    return ConsultationState(
        id=id, status=row.status, version=row.version, error_at=row.error_at, error_reason=row.error_reason
    )


def open_consultation(tx: LookTx, id: ConsultationId) -> ConsultationView:
    """Read one, as far as the reader may see it (CO-08, CO-09)."""
    kept = _found(tx, id)
    policy.may_read(tx, kept)
    tx.record(ConsultationAccessed(subject=id, patient_id=kept.patient_id, access_type="view"))
    return _view(tx, kept)


def list_consultations(tx: LookTx, wanted: ConsultationFilter) -> Page[ConsultationBrief]:
    """What the reader may see, newest first; one audit line for each patient shown."""
    items, more = _briefs(tx, wanted, *policy.visible(tx))
    counts: dict[PatientId, int] = {}
    for item in items:
        counts[item.patient_id] = counts.get(item.patient_id, 0) + 1
    for patient_id, count in counts.items():
        tx.record(ConsultationAccessed(subject=patient_id, patient_id=patient_id, access_type="list", count=count))
    cursor = encode_cursor(clock.text(items[-1].started_at), items[-1].id) if more else None
    return Page(items=items, next_cursor=cursor)


def list_of_patient(tx: LookTx, patient_id: PatientId, wanted: ConsultationFilter) -> Page[ConsultationBrief]:
    """One patient's consultations; a doctor without relation to the patient gets `NotFound`."""
    policy.may_read_chart(tx, patient_id)
    page = list_consultations(tx, msgspec.structs.replace(wanted, patient_id=patient_id))
    if not page.items:
        tx.record(ConsultationAccessed(subject=patient_id, patient_id=patient_id, access_type="list", count=0))
    return page


def list_briefs(tx: ReadTx, wanted: ConsultationFilter) -> tuple[list[ConsultationBrief], bool]:
    """What the actor may see of these, newest first, and whether there is more. For other rooms, which record the look."""
    return _briefs(tx, wanted, *policy.visible(tx))


def _briefs(
    tx: ReadTx, wanted: ConsultationFilter, visible: str, values: dict[str, Any]
) -> tuple[list[ConsultationBrief], bool]:
    narrowing: dict[str, Any] = {
        "patient_id": wanted.patient_id,
        "status": wanted.status,
        "from_at": wanted.from_at,
        "to_at": wanted.to_at,
    }
    if before := decode_cursor(wanted.cursor, 2):
        narrowing |= {"before_at": str(before[0]), "before_id": str(before[1])}
    values |= {"limit": wanted.limit + 1} | narrowing
    named = [name for name in store.NARROW if narrowing.get(name) is not None]
    found = store.briefs(tx, visible, values, named)
    return found[: wanted.limit], len(found) > wanted.limit


def may_read_chart(tx: ReadTx, patient_id: PatientId, *, wrote: bool = False) -> None:
    """Refuses whoever may not see this patient's clinical lists; `wrote`: the doctor wrote there. For other rooms."""
    policy.may_read_chart(tx, patient_id, wrote=wrote)


def consultation_for(tx: ReadTx, id: ConsultationId) -> Consultation:
    """The row as it is, without policy. For other rooms."""
    return _found(tx, id)


def announce_seal(tx: WriteTx, id: ConsultationId) -> None:
    """Say once that the edit window has ended. For the house: nothing about the seal depends on it."""
    policy.house_only(tx)
    kept = _found(tx, id)
    if kept.can_edit_until is not None and tx.now >= kept.can_edit_until and store.mark_sealed(tx, id, tx.now):
        tx.record(ConsultationSealed(subject=id, patient_id=kept.patient_id, practitioner_id=kept.practitioner_id))


def import_consultation(tx: WriteTx, given: ImportedConsultation) -> ConsultationId:
    """A visit from another system, at its own date, sealed from the start; a recent one means that its doctor treats the patient.
    For the house."""
    policy.house_only(tx)
    wrong = given.status == "entered_in_error"
    values = {name: getattr(given, name) for name in ImportedConsultation.__struct_fields__}
    row = Consultation(
        id=ConsultationId(new_id()),
        appointment_id=None,
        **values | {"vitals": content.with_bmi(given.vitals)},
        source="import",
        created_at=tx.now,
        updated_at=tx.now,
        completed_at=given.ended_at or given.started_at,
        can_edit_until=tx.now,
        sealed_at=tx.now,
        error_at=tx.now if wrong else None,
        error_reason="import" if wrong else None,
    )
    store.insert(tx, row)
    _keep_history(tx, row, "imported")
    if given.practitioner_id is not None and not wrong:
        visited_at = given.ended_at or given.started_at
        people.care_since(
            tx, given.patient_id, given.practitioner_id, visited_at, source="consultation", source_id=row.id
        )
    tx.record(ConsultationImported(subject=row.id, patient_id=row.patient_id, practitioner_id=row.practitioner_id))
    return row.id


def _new_draft(tx: WriteTx, appointment: Appointment) -> Consultation:
    patient = people.patient_brief(tx, appointment.patient_id)
    if patient.birth_date is None:
        raise Conflict("Record the patient's birth date first", code="BIRTH_DATE_REQUIRED")
    row = Consultation(
        id=ConsultationId(new_id()),
        appointment_id=appointment.id,
        patient_id=appointment.patient_id,
        practitioner_id=appointment.practitioner_id,
        workplace_id=appointment.workplace_id,
        type="in_person",
        status="draft",
        started_at=tx.now,
        created_at=tx.now,
        updated_at=tx.now,
    )
    store.insert(tx, row)
    _keep_history(tx, row, "created")
    tx.record(
        ConsultationCreated(
            subject=row.id,
            patient_id=row.patient_id,
            practitioner_id=appointment.practitioner_id,
            appointment_id=appointment.id,
        )
    )
    return row


def _require_editable(tx: ReadTx, kept: Consultation, version: int) -> None:
    _require_state(kept, "draft", "completed")
    if _is_sealed(tx, kept):
        raise Locked("This consultation is sealed: add an addendum instead", code="CONSULTATION_SEALED")
    check_version(kept.version, version)


def _save(tx: WriteTx, before: Consultation, after: Consultation) -> Consultation:
    fields = content.changed_fields(before, after)
    if not fields:
        return before
    row = _counted(tx, after)
    store.update_content(tx, row)
    _keep_history(tx, row, "updated")
    tx.record(
        ConsultationUpdated(
            subject=row.id,
            patient_id=row.patient_id,
            practitioner_id=str(row.practitioner_id),
            version=row.version,
            fields=fields,
        )
    )
    return row


def _counted(tx: WriteTx, row: Consultation, **changes: Any) -> Consultation:
    return msgspec.structs.replace(row, version=row.version + 1, updated_at=tx.now, **changes)


def _keep_history(
    tx: WriteTx,
    row: Consultation,
    action: Literal["created", "updated", "completed", "entered_in_error", "imported"],
) -> None:
    by = AccountId(tx.actor.id)
    store.insert_history(
        tx, Snapshot(consultation_id=row.id, version=row.version, action=action, at=tx.now, by=by, snapshot=row)
    )


def _view(tx: ReadTx, row: Consultation) -> ConsultationView:
    """What the reader may see: the patient not the private parts, nobody but the author the additional notes."""
    values = msgspec.structs.asdict(row)
    addenda = store.addenda(tx, row.id)
    hidden: list[str] = []
    if tx.actor.role == "patient":
        addenda = [addendum for addendum in addenda if not addendum.is_private]
    if not row.shared_with_patient and not policy.is_author(tx, row):
        private = policy.PRIVATE if tx.actor.role == "patient" else ("additional_notes",)
        hidden = [SPELLING[name] for name in private if values[name] is not None]
        values |= dict.fromkeys(private)
    return ConsultationView(**values, is_sealed=_is_sealed(tx, row), addenda=addenda, hidden=hidden)


def _is_sealed(tx: ReadTx, row: Consultation) -> bool:
    return row.can_edit_until is not None and tx.now >= row.can_edit_until


def _found(tx: ReadTx, id: ConsultationId) -> Consultation:
    found = store.consultation(tx, id)
    if found is None:
        raise NotFound("There is no such consultation")
    return found


def _require_state(row: Consultation, *possible: str) -> None:
    if row.status not in possible:
        raise Conflict(
            "This is not possible in the state of this consultation",
            code="WRONG_STATE",
            extra={"state": row.status, "possible": list(possible)},
        )
