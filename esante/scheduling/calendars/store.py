"""Every SQL statement about calendar feeds."""

from datetime import datetime

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.scheduling.calendars.structs import AgendaRow, FeedId, FeedRow

FEED = "SELECT id, practitioner_id, salt, created_at, revoked_at FROM calendar_feed"


def feed(tx: ReadTx, feed_id: FeedId) -> FeedRow | None:
    return tx.maybe(FeedRow, FEED + " WHERE id = ? AND revoked_at IS NULL", feed_id)


def feed_of(tx: ReadTx, practitioner_id: PractitionerId) -> FeedRow | None:
    return tx.maybe(FeedRow, FEED + " WHERE practitioner_id = ? AND revoked_at IS NULL", practitioner_id)


def insert_feed(tx: WriteTx, new: FeedRow) -> None:
    tx.run(
        "INSERT INTO calendar_feed (id, practitioner_id, salt, created_at) VALUES (?, ?, ?, ?)",
        new.id,
        new.practitioner_id,
        new.salt,
        new.created_at,
    )


def revoke_feed(tx: WriteTx, practitioner_id: PractitionerId) -> int:
    return tx.run(
        "UPDATE calendar_feed SET revoked_at = ? WHERE practitioner_id = ? AND revoked_at IS NULL",
        tx.now,
        practitioner_id,
    )


def agenda(
    tx: ReadTx, practitioner_id: PractitionerId, from_at: datetime, until_at: datetime, limit: int
) -> list[AgendaRow]:
    """The visits of a practitioner between two instants, those that will not be too."""
    return tx.all(
        AgendaRow,
        "SELECT appointment.id, appointment.type_name,"
        " substr(patient.first_name, 1, 1) || substr(patient.last_name, 1, 1) AS initials, room.name AS room_name,"
        " appointment.starts_at, appointment.ends_at, CASE WHEN appointment.status = 'pending'"
        " AND appointment.hold_until <= :now THEN 'expired' ELSE appointment.status END AS status, appointment.version,"
        " appointment.created_at, appointment.updated_at FROM appointment"
        " JOIN patient ON patient.id = appointment.patient_id LEFT JOIN room ON room.id = appointment.room_id"
        " WHERE appointment.practitioner_id = :who AND appointment.starts_at >= :from_at AND appointment.starts_at < :until_at"
        " AND appointment.entered_in_error = 0 ORDER BY appointment.starts_at LIMIT :limit",
        {"who": practitioner_id, "from_at": from_at, "until_at": until_at, "now": tx.now, "limit": limit},
    )
