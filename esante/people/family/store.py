"""Every statement on dependants and consents."""

from datetime import date

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.family.structs import Consent, ConsentId, Dependant

_CONSENT = (
    "SELECT id, patient_id, kind, text_version, text, language, given_on, guardian_id, recorded_at, recorded_by,"
    " recorded_role, revoked_at, revoked_by FROM patient_consent"
)


def dependants(tx: ReadTx, guardian_id: str, of_age_before: date) -> list[Dependant]:
    """The youngest last."""
    return tx.all(
        Dependant,
        "SELECT p.id, p.first_name, p.last_name, p.birth_date, (p.birth_date IS NULL OR p.birth_date > :of_age_before"
        " OR EXISTS (SELECT 1 FROM patient_consent c WHERE c.patient_id = p.id AND c.guardian_id = :guardian_id"
        " AND c.revoked_at IS NULL)) AS acts_for FROM patient p WHERE p.guardian_id = :guardian_id"
        " AND p.archived_at IS NULL ORDER BY p.birth_date, p.id",
        {"guardian_id": guardian_id, "of_age_before": of_age_before},
    )


def insert_consent(tx: WriteTx, row: Consent) -> None:
    tx.run(
        "INSERT INTO patient_consent (id, patient_id, kind, text_version, text, language, given_on, guardian_id,"
        " recorded_at, recorded_by, recorded_role) VALUES (:id, :patient_id, :kind, :text_version, :text, :language,"
        " :given_on, :guardian_id, :recorded_at, :recorded_by, :recorded_role)",
        row,
    )


def consents(tx: ReadTx, patient_id: str) -> list[Consent]:
    """The newest first."""
    return tx.all(Consent, _CONSENT + " WHERE patient_id = ? ORDER BY id DESC", patient_id)


def consent(tx: ReadTx, patient_id: str, consent_id: ConsentId) -> Consent | None:
    return tx.maybe(Consent, _CONSENT + " WHERE patient_id = ? AND id = ?", patient_id, consent_id)


def revoke(tx: WriteTx, consent_id: ConsentId) -> bool:
    """True the first time only."""
    sql = "UPDATE patient_consent SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL"
    return tx.run(sql, tx.now, tx.actor.id, consent_id) > 0
