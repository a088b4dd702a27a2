"""Every statement on whom a doctor has seen."""

from datetime import datetime
from typing import Any

from esante.kernel.transaction import ReadTx
from esante.people.structs import PractitionerId
from esante.scheduling.practice.structs import SeenPatient


def most_seen(tx: ReadTx, since: datetime, most: int) -> list[PractitionerId]:
    """Approved and active practitioners by how many different people have come to them since then."""
    return tx.all(
        PractitionerId,
        "SELECT appointment.practitioner_id FROM appointment JOIN practitioner ON practitioner.id = appointment.practitioner_id"
        " AND practitioner.status = 'approved' AND practitioner.archived_at IS NULL WHERE appointment.starts_at >= ?"
        " AND appointment.status = 'completed' AND appointment.entered_in_error = 0 GROUP BY 1"
        " ORDER BY count(DISTINCT appointment.patient_id) DESC, 1 LIMIT ?",
        since,
        most,
    )


def seen_patients(
    tx: ReadTx, practitioner_id: PractitionerId, new_from: datetime, new_until: datetime, args: dict[str, Any]
) -> list[SeenPatient]:
    """Who was seen last comes first. `:only_new`, `:after_at`, `:after_id` and `:most` are bound in `args`."""
    return tx.all(
        SeenPatient,
        "SELECT p.id, p.first_name, p.last_name, p.birth_date, v.visits, v.first_visit_at, v.last_visit_at,"
        " v.first_visit_at >= :new_from AND v.first_visit_at < :new_until AS is_new FROM (SELECT patient_id,"
        " count(*) AS visits, min(starts_at) AS first_visit_at, max(starts_at) AS last_visit_at FROM appointment"
        " WHERE practitioner_id = :practitioner_id AND status = 'completed' AND entered_in_error = 0 GROUP BY patient_id) v"
        " JOIN patient p ON p.id = v.patient_id WHERE (NOT :only_new OR is_new)"
        " AND (:after_at IS NULL OR (v.last_visit_at, p.id) < (:after_at, :after_id))"
        " ORDER BY v.last_visit_at DESC, p.id DESC LIMIT :most",
        {**args, "practitioner_id": practitioner_id, "new_from": new_from, "new_until": new_until},
    )
