# ruff: noqa: S608 - the pieces are constants of this file; every value is bound
"""Every statement that gives visits, wishes and taken time to another record of the same patient."""

import apsw

from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx

REFUSED = "occupied: "
MERGED = "two records of one patient were merged"


class PatientTime(Kept):
    """Time that is taken of a patient."""

    appointment_id: str
    starts_at: str


def move_appointments(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    return tx.all(str, "UPDATE appointment SET patient_id = ? WHERE patient_id = ? RETURNING id", to_id, from_id)


def move_appointments_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE appointment SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )


def move_waiting(tx: WriteTx, from_id: str, to_id: str) -> list[str]:
    return tx.all(str, "UPDATE waitlist_entry SET patient_id = ? WHERE patient_id = ? RETURNING id", to_id, from_id)


def move_waiting_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    return tx.all(
        str,
        "UPDATE waitlist_entry SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        {"ids": ids, "from_id": from_id, "to_id": to_id},
    )


def time_of(tx: ReadTx, patient_id: str) -> list[PatientTime]:
    return tx.all(
        PatientTime,
        "SELECT appointment_id, starts_at FROM occupancy WHERE resource_kind = 'patient' AND resource_id = ?",
        patient_id,
    )


def move_time(tx: WriteTx, taken: PatientTime, from_id: str, to_id: str) -> bool:
    """False when the patient is expected elsewhere then, under the other record: now they overlap, and it says why."""
    args = {**_key(taken), "from_id": from_id, "to_id": to_id, "reason": MERGED}
    try:
        tx.run(_MOVE_TIME, args)
        return True
    except apsw.ConstraintError as error:
        if REFUSED not in str(error):
            raise
    tx.run(_MOVE_TIME_OVER, args)
    return False


def move_time_back(tx: WriteTx, overlapping: list[str], from_id: str, to_id: str) -> None:
    """The time of the visits that went back; the overlaps that the merge made are none any more."""
    tx.run(
        "UPDATE occupancy SET resource_id = :to_id, override_reason = CASE WHEN override_reason = :reason AND appointment_id"
        " IN (SELECT value FROM json_each(:overlapping)) THEN NULL ELSE override_reason END"
        " WHERE resource_kind = 'patient' AND resource_id = :from_id AND (appointment_id IN (SELECT id FROM appointment"
        " WHERE patient_id = :to_id) OR appointment_id IN (SELECT appointment_id FROM waitlist_entry WHERE patient_id = :to_id))",
        {"overlapping": overlapping, "reason": MERGED, "from_id": from_id, "to_id": to_id},
    )


_THIS_TIME = (
    " WHERE resource_kind = 'patient' AND resource_id = :from_id AND appointment_id = :appointment_id"
    " AND starts_at = :starts_at"
)
_MOVE_TIME = "UPDATE occupancy SET resource_id = :to_id" + _THIS_TIME
_MOVE_TIME_OVER = "UPDATE occupancy SET resource_id = :to_id, override_reason = :reason" + _THIS_TIME


def _key(taken: PatientTime) -> dict[str, str]:
    return {"appointment_id": taken.appointment_id, "starts_at": taken.starts_at}
