"""Every SQL statement about wishes to move a visit."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.scheduling.reschedules.structs import MoveRequest, MoveRequestId
from esante.scheduling.structs import AppointmentId

REQUEST = (
    "SELECT id, appointment_id, starts_at, ends_at, room_id, reason, CASE WHEN status = 'open' AND hold_until <= :now"
    " THEN 'lapsed' ELSE status END AS status, hold_until, decision_reason, decided_at, decided_by, created_at, created_by"
    " FROM reschedule_request"
)


def request(tx: ReadTx, request_id: MoveRequestId) -> MoveRequest | None:
    return tx.maybe(MoveRequest, REQUEST + " WHERE id = :id", {"id": request_id, "now": tx.now})


def undecided(tx: ReadTx, appointment_id: AppointmentId) -> MoveRequest | None:
    """The one that nobody has decided; it may have lapsed by now."""
    return tx.maybe(
        MoveRequest,
        REQUEST + " WHERE appointment_id = :id AND status = 'open'",
        {"id": appointment_id, "now": tx.now},
    )


def requests(tx: ReadTx, appointment_id: AppointmentId) -> list[MoveRequest]:
    """All of one visit, oldest first."""
    return tx.all(
        MoveRequest, REQUEST + " WHERE appointment_id = :id ORDER BY id", {"id": appointment_id, "now": tx.now}
    )


def count_approved(tx: ReadTx, appointment_id: AppointmentId) -> int:
    return tx.one(
        int,
        "SELECT count(*) FROM reschedule_request WHERE appointment_id = ? AND status = 'approved'",
        appointment_id,
    )


def insert_request(tx: WriteTx, new: MoveRequest) -> None:
    tx.run(
        "INSERT INTO reschedule_request (id, appointment_id, starts_at, ends_at, room_id, reason, status, hold_until,"
        " decision_reason, decided_at, decided_by, created_at, created_by) VALUES (:id, :appointment_id, :starts_at,"
        " :ends_at, :room_id, :reason, :status, :hold_until, :decision_reason, :decided_at, :decided_by, :created_at,"
        " :created_by)",
        new,
    )


def update_request(tx: WriteTx, changed: MoveRequest) -> None:
    """How it ended."""
    tx.run(
        "UPDATE reschedule_request SET status = :status, decision_reason = :decision_reason, decided_at = :decided_at,"
        " decided_by = :decided_by WHERE id = :id",
        changed,
    )
