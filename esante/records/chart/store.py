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
