"""How a prescription is kept: issued, changed, ended, each with its version, its history and what follows."""

from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from esante.kernel import clock
from esante.kernel.errors import Conflict, Locked, NotFound, check_version
from esante.kernel.structs import AccountId, new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId, PractitionerBrief
from esante.records.consultations.structs import ConsultationId
from esante.records.prescriptions import lines, store
from esante.records.prescriptions.events import AnnounceLock, PrescriptionCreated, PrescriptionUpdated
from esante.records.prescriptions.structs import (
    HistoryAction,
    HistoryEntry,
    Prescription,
    PrescriptionContent,
    PrescriptionId,
)

CONTENT = ("lines", "general_note", "pharmacy")


def issue(
    tx: WriteTx,
    prescriber: PractitionerBrief,
    patient_id: PatientId,
    content: PrescriptionContent,
    *,
    consultation_id: ConsultationId | None,
    reason: str | None,
) -> Prescription:
    """A new, active prescription with its number; it may be edited for the clinic's window, and the lock is announced then."""
    kept_lines = lines.kept(content.lines)
    until = tx.now + timedelta(hours=tx.settings.prescription_edit_hours)
    row = Prescription(
        id=PrescriptionId(new_id()),
        consultation_id=consultation_id,
        patient_id=patient_id,
        practitioner_id=prescriber.id,
        number=store.next_number(tx, consultation_id, patient_id),
        status="active",
        issued_at=tx.now,
        ends_on=lines.ends_on(kept_lines, today(tx)),
        reason=reason,
        lines=kept_lines,
        general_note=content.general_note,
        pharmacy=content.pharmacy,
        created_at=tx.now,
        updated_at=tx.now,
        can_edit_until=until,
    )
    store.insert(tx, row)
    keep_history(tx, row, "created")
    tx.later(AnnounceLock(prescription_id=row.id), due=until, key=lock_key(row.id))
    tx.record(
        PrescriptionCreated(
            subject=row.id,
            patient_id=patient_id,
            practitioner_id=prescriber.id,
            consultation_id=consultation_id,
            lines=len(kept_lines),
            can_edit_until=until,
        )
    )
    return row


def require_editable(kept: Prescription, version: int) -> None:
    """`Locked` after the window, `Conflict` when it has ended, `Stale` when somebody changed it."""
    if kept.is_locked:
        raise Locked(
            "This prescription is locked: replace it by a new one instead",
            code="PRESCRIPTION_LOCKED",
            extra={"canEditUntil": clock.text(kept.can_edit_until)},
        )
    require_active(kept)
    check_version(kept.version, version)


def save(tx: WriteTx, before: Prescription, after: Prescription) -> Prescription:
    """Keep a changed content under its next version; nothing when nothing differs."""
    fields = [name for name in CONTENT if getattr(before, name) != getattr(after, name)]
    if not fields:
        return before
    issued_on = clock.local_date(after.issued_at, ZoneInfo(tx.settings.time_zone))
    row = counted(tx, after, ends_on=lines.ends_on(after.lines, issued_on))
    store.update_content(tx, row)
    keep_history(tx, row, "updated")
    tx.record(
        PrescriptionUpdated(
            subject=row.id,
            patient_id=row.patient_id,
            practitioner_id=str(row.practitioner_id),
            version=row.version,
            fields=fields,
        )
    )
    return row


def end(tx: WriteTx, kept: Prescription, **changes: Any) -> Prescription:
    """Another status for an active one."""
    require_active(kept)
    row = counted(tx, kept, **changes)
    store.update_status(tx, row)
    return row


def require_active(row: Prescription) -> None:
    """`Conflict` when it has ended."""
    if row.status != "active":
        raise Conflict(
            "This prescription has ended already",
            code="WRONG_STATE",
            extra={"state": row.status, "possible": ["active"]},
        )


def counted(tx: WriteTx, row: Prescription, **changes: Any) -> Prescription:
    """The row with these changes, under its next version."""
    return msgspec.structs.replace(row, version=row.version + 1, updated_at=tx.now, **changes)


def keep_history(tx: WriteTx, row: Prescription, action: HistoryAction) -> None:
    """Append what was done, with the whole row as it now stands."""
    store.insert_history(
        tx,
        HistoryEntry(
            id=new_id(),
            prescription_id=row.id,
            version=row.version,
            action=action,
            at=tx.now,
            by=AccountId(tx.actor.id),
            snapshot=row,
        ),
    )


def found(tx: ReadTx, id: PrescriptionId) -> Prescription:
    """The row, locked or expired as of now; `NotFound` when there is none."""
    found = store.prescription(tx, id, today(tx))
    if found is None:
        raise NotFound("There is no such prescription")
    return found


def today(tx: ReadTx) -> date:
    """The day in the clinic's zone."""
    return clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone))


def lock_key(id: PrescriptionId) -> str:
    """Under which the announcement of the lock is queued."""
    return f"prescription-lock:{id}"
