"""Every SQL statement about reminders."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from esante.kernel import clock
from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx
from esante.scheduling.reminders.structs import DayAhead
from esante.scheduling.structs import AppointmentId


class Coming(Kept):
    """A confirmed visit that is near, and which marks of its start were noted."""

    id: AppointmentId
    patient_id: str
    practitioner_id: str
    starts_at: datetime
    settled_at: datetime
    noted: list[int]


class Mark(NamedTuple):
    """What became of one mark of one start."""

    of: Coming
    minutes: int
    outcome: Literal["due", "overtaken"]


def coming(tx: ReadTx, soonest: datetime, latest: datetime) -> list[Coming]:
    """Confirmed visits that start after the first instant and not after the second."""
    return tx.all(
        Coming,
        "SELECT id, patient_id, practitioner_id, starts_at, settled_at, (SELECT json_group_array(minutes) FROM reminder"
        " WHERE reminder.appointment_id = appointment.id AND reminder.starts_at = appointment.starts_at) AS noted"
        " FROM appointment WHERE status = 'confirmed' AND starts_at > :soonest AND starts_at <= :latest"
        " AND settled_at IS NOT NULL ORDER BY starts_at",
        {"soonest": soonest, "latest": latest},
    )


def agendas(tx: ReadTx, until: datetime) -> list[DayAhead]:
    """For each practitioner and site: what is confirmed from now until then, and what waits for a yes at any time to come."""
    return tx.all(
        DayAhead,
        "SELECT practitioner_id, workplace_id, sum(status = 'confirmed') AS visits,"
        " min(CASE WHEN status = 'confirmed' THEN starts_at END) AS first_at, sum(status = 'pending') AS requests"
        " FROM appointment WHERE starts_at > :now AND ((status = 'confirmed' AND starts_at < :until)"
        " OR (status = 'pending' AND hold_until > :now)) GROUP BY practitioner_id, workplace_id ORDER BY practitioner_id",
        {"now": tx.now, "until": until},
    )


def note(tx: WriteTx, mark: Mark) -> None:
    tx.run(
        "INSERT INTO reminder (appointment_id, starts_at, minutes, outcome, noted_at) VALUES (?, ?, ?, ?, ?)",
        mark.of.id,
        mark.of.starts_at,
        mark.minutes,
        mark.outcome,
        tx.now,
    )


def forget_old(tx: WriteTx, before: datetime) -> int:
    return tx.run("DELETE FROM reminder WHERE starts_at < ?", clock.text(before - timedelta(days=1)))
