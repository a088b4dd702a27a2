# ruff: noqa: S608 - the pieces are constants of this file; every value is bound
"""Every SQL statement of the chart's lists."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PatientId
from esante.records.chart.structs import Allergy, Condition, Immunization


def allergies(tx: ReadTx, patient_id: PatientId) -> list[Allergy]:
    return tx.all(Allergy, "SELECT * FROM allergy WHERE patient_id = ? ORDER BY substance, id", patient_id)


def conditions(tx: ReadTx, patient_id: PatientId) -> list[Condition]:
    return tx.all(Condition, "SELECT * FROM condition WHERE patient_id = ? ORDER BY onset DESC, id", patient_id)


def immunizations(tx: ReadTx, patient_id: PatientId) -> list[Immunization]:
    return tx.all(
        Immunization, "SELECT * FROM immunization WHERE patient_id = ? ORDER BY occurred DESC, id", patient_id
    )


def insert_allergy(tx: WriteTx, row: Allergy) -> None:
    tx.run(
        "INSERT INTO allergy (id, patient_id, consultation_id, substance, code, code_system, category, criticality,"
        " reactions, severity, clinical_status, verification, onset, recorded, note, source, created_at) VALUES (:id,"
        " :patient_id, :consultation_id, :substance, :code, :code_system, :category, :criticality, :reactions, :severity,"
        " :clinical_status, :verification, :onset, :recorded, :note, :source, :created_at)",
        row,
    )


def insert_condition(tx: WriteTx, row: Condition) -> None:
    tx.run(
        "INSERT INTO condition (id, patient_id, consultation_id, name, code, code_system, category, severity,"
        " clinical_status, verification, onset, abated, recorded, note, source, created_at) VALUES (:id, :patient_id,"
        " :consultation_id, :name, :code, :code_system, :category, :severity, :clinical_status, :verification, :onset,"
        " :abated, :recorded, :note, :source, :created_at)",
        row,
    )


def insert_immunization(tx: WriteTx, row: Immunization) -> None:
    tx.run(
        "INSERT INTO immunization (id, patient_id, consultation_id, vaccine, code, code_system, status, occurred,"
        " lot_number, dose, site, route, note, source, created_at) VALUES (:id, :patient_id, :consultation_id, :vaccine,"
        " :code, :code_system, :status, :occurred, :lot_number, :dose, :site, :route, :note, :source, :created_at)",
        row,
    )


MOVE = {
    "allergy": "UPDATE allergy SET patient_id = ? WHERE patient_id = ? RETURNING id",
    "condition": "UPDATE condition SET patient_id = ? WHERE patient_id = ? RETURNING id",
    "immunization": "UPDATE immunization SET patient_id = ? WHERE patient_id = ? RETURNING id",
}
_GOES_BACK = (
    " AND (consultation_id IN (SELECT id FROM consultation WHERE patient_id = :to_id)"
    " OR (consultation_id IS NULL AND id IN (SELECT value FROM json_each(:ids)))) RETURNING id"
)
MOVE_BACK = (
    "UPDATE allergy SET patient_id = :to_id WHERE patient_id = :from_id" + _GOES_BACK,
    "UPDATE condition SET patient_id = :to_id WHERE patient_id = :from_id" + _GOES_BACK,
    "UPDATE immunization SET patient_id = :to_id WHERE patient_id = :from_id" + _GOES_BACK,
)


def move(tx: WriteTx, from_id: str, to_id: str) -> dict[str, list[str]]:
    """All lists of one record of a patient to another one of the same; the ids by noun."""
    return {kind: tx.all(str, sql, to_id, from_id) for kind, sql in MOVE.items()}


def move_back(tx: WriteTx, ids: list[str], from_id: str, to_id: str) -> list[str]:
    """What was found in a consultation goes with it; all else by its id."""
    values = {"ids": ids, "from_id": from_id, "to_id": to_id}
    return [id for sql in MOVE_BACK for id in tx.all(str, sql, values)]
