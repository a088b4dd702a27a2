# ruff: noqa: S608 - the pieces are constants of this file and of the policy; every value is bound
"""Every statement on patients. `seen` is one of the fixed fragments of the policy, over `patient p`."""

from typing import Any

import msgspec

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import Patient, PatientBrief, PatientId, PatientRow

_WHOLE = (
    "SELECT p.id, p.first_name, p.last_name, p.birth_date, p.gender, p.email, p.mobile_number, p.mobile_e164, p.address,"
    " p.nationality, p.language, p.blood_type, p.allergies, p.chronic_diseases, p.current_medication, p.medical_history,"
    " p.contacts, p.insurances, p.guardian_id, p.photo_id IS NOT NULL AS has_photo, p.merged_into, p.source, p.version,"
    " p.created_at, p.updated_at, p.archived_at"
    " FROM patient p"
)
_BRIEF = (
    "SELECT p.id, p.first_name, p.last_name, p.birth_date, p.archived_at, p.guardian_id, p.merged_into,"
    " p.insurances <> '[]' AS insured FROM patient p"
)
_COLUMNS = (
    "SELECT p.id, p.first_name, p.last_name, p.birth_date, p.gender, p.email, p.mobile_e164, p.guardian_id, p.sort_name,"
    " p.number"
)
_PAGE = (
    _COLUMNS + " FROM patient p WHERE p.archived_at IS NULL"
    " AND (:after_name IS NULL OR (p.sort_name, p.id) > (:after_name, :after_id)) AND "
)
# The search table leads, newest row first: it stops at the page's end, however many names begin like that.
_BY_WORDS = (
    _COLUMNS + " FROM patient_search s CROSS JOIN patient p ON p.number = s.rowid WHERE s.words MATCH :query"
    " AND s.rowid < :before AND p.archived_at IS NULL AND "
)
_BY_PARTS = (
    _COLUMNS + " FROM patient_part_search s CROSS JOIN patient p ON p.number = s.rowid WHERE s.words MATCH :parts"
    " AND s.rowid < :before AND p.archived_at IS NULL"
    " AND s.rowid NOT IN (SELECT rowid FROM patient_search WHERE patient_search MATCH :query) AND "
)
_NEWEST_FIRST = " ORDER BY s.rowid DESC LIMIT :most"
# A doctor who treats few is not led through everybody of that name: here the patients lead. The plus keeps SQLite from
# asking the search table anew for each of them.
_OF_FEW = (
    _COLUMNS + " FROM (SELECT DISTINCT c.patient_id FROM care_relation c WHERE c.practitioner_id = :person_id) mine"
    " CROSS JOIN patient p ON p.id = mine.patient_id WHERE p.archived_at IS NULL AND p.number < :before"
    " AND +p.number IN (SELECT rowid FROM patient_search WHERE patient_search MATCH :query) AND "
)
_PARTS_OF_FEW = (
    _COLUMNS + " FROM (SELECT DISTINCT c.patient_id FROM care_relation c WHERE c.practitioner_id = :person_id) mine"
    " CROSS JOIN patient p ON p.id = mine.patient_id WHERE p.archived_at IS NULL AND p.number < :before"
    " AND +p.number IN (SELECT rowid FROM patient_part_search WHERE patient_part_search MATCH :parts)"
    " AND +p.number NOT IN (SELECT rowid FROM patient_search WHERE patient_search MATCH :query) AND "
)
_NEWEST_OF_FEW = " ORDER BY p.number DESC LIMIT :most"
FEW = 1_000


def insert_patient(tx: WriteTx, row: dict[str, Any]) -> int:
    """The number of the new row."""
    number = tx.one(
        int,
        "INSERT INTO patient (id, first_name, last_name, sort_name, birth_date, gender, email, mobile_number, mobile_e164,"
        " address, nationality, language, blood_type, allergies, chronic_diseases, current_medication, medical_history,"
        " contacts, insurances, guardian_id, source, registered_by, created_at, updated_at, keyed) VALUES (:id,"
        " :first_name, :last_name,"
        " :sort_name, :birth_date, :gender, :email, :mobile_number, :mobile_e164, :address, :nationality, :language,"
        " :blood_type, :allergies, :chronic_diseases, :current_medication, :medical_history, :contacts, :insurances,"
        " :guardian_id, :source, :registered_by, :now, :now, 1) RETURNING number",
        row,
    )
    _index(tx, number, row)
    return number


def update_patient(tx: WriteTx, row: dict[str, Any]) -> int:
    """The number of the row."""
    number = tx.one(
        int,
        "UPDATE patient SET first_name = :first_name, last_name = :last_name, sort_name = :sort_name,"
        " birth_date = :birth_date, gender = :gender, email = :email, mobile_number = :mobile_number,"
        " mobile_e164 = :mobile_e164, address = :address, nationality = :nationality, language = :language,"
        " blood_type = :blood_type, allergies = :allergies, chronic_diseases = :chronic_diseases,"
        " current_medication = :current_medication, medical_history = :medical_history, contacts = :contacts,"
        " insurances = :insurances, guardian_id = :guardian_id, version = version + 1, updated_at = :now WHERE id = :id"
        " RETURNING number",
        row,
    )
    forget_words(tx, number)
    _index(tx, number, row)
    return number


def keep_version(tx: WriteTx, before: Patient) -> None:
    tx.run(
        "INSERT INTO patient_version (patient_id, version, body, replaced_at, replaced_by) VALUES (?, ?, ?, ?, ?)",
        before.id,
        before.version,
        msgspec.json.encode(before).decode(),
        tx.now,
        tx.actor.id,
    )


def archive(tx: WriteTx, patient_id: str) -> None:
    sql = "UPDATE patient SET archived_at = ?, version = version + 1, updated_at = ? WHERE id = ?"
    tx.run(sql, tx.now, tx.now, patient_id)


def _index(tx: WriteTx, number: int, row: dict[str, Any]) -> None:
    tx.run("INSERT INTO patient_search (rowid, words) VALUES (?, ?)", number, row["words"])
    tx.run("INSERT INTO patient_part_search (rowid, words) VALUES (?, ?)", number, row["parts"])


def forget_words(tx: WriteTx, number: int) -> None:
    """The patient is found by nothing any more."""
    tx.run("DELETE FROM patient_search WHERE rowid = ?", number)
    tx.run("DELETE FROM patient_part_search WHERE rowid = ?", number)


def patient(tx: ReadTx, patient_id: str, seen: str, args: dict[str, Any]) -> Patient | None:
    return tx.maybe(Patient, _WHOLE + " WHERE p.id = :id AND " + seen, {**args, "id": patient_id})


def visible_brief(tx: ReadTx, patient_id: str, seen: str, args: dict[str, Any]) -> PatientBrief | None:
    return tx.maybe(PatientBrief, _BRIEF + " WHERE p.id = :id AND " + seen, {**args, "id": patient_id})


def brief(tx: ReadTx, patient_id: str) -> PatientBrief | None:
    return tx.maybe(PatientBrief, _BRIEF + " WHERE p.id = ?", patient_id)


def merged_into(tx: ReadTx, patient_id: str) -> PatientId | None:
    """The record that this id is an alias of, over any number of merges."""
    return tx.maybe(
        PatientId,
        "WITH RECURSIVE way (id, into_id) AS (SELECT id, merged_into FROM patient WHERE id = ? UNION ALL"
        " SELECT p.id, p.merged_into FROM way JOIN patient p ON p.id = way.into_id)"
        " SELECT id FROM way WHERE into_id IS NULL AND id <> ?",
        patient_id,
        patient_id,
    )


def page(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[PatientRow]:
    """In the order of names; `:after_name`, `:after_id` and `:most` are bound in `args`."""
    return tx.all(PatientRow, _PAGE + seen + " ORDER BY p.sort_name, p.id LIMIT :most", args)


def treats_few(tx: ReadTx, practitioner_id: str) -> bool:
    """Has this doctor few relations, ended ones too?"""
    sql = "SELECT count(*) < ?2 FROM (SELECT 1 FROM care_relation WHERE practitioner_id = ?1 LIMIT ?2)"
    return tx.one(bool, sql, practitioner_id, FEW)


def by_words(tx: ReadTx, seen: str, args: dict[str, Any], *, of_few: bool) -> list[PatientRow]:
    """Those whose words begin like the full-text `:query`, below the number `:before`."""
    sql = _OF_FEW + seen + _NEWEST_OF_FEW if of_few else _BY_WORDS + seen + _NEWEST_FIRST
    return tx.all(PatientRow, sql, args)


def by_parts(tx: ReadTx, seen: str, args: dict[str, Any], *, of_few: bool) -> list[PatientRow]:
    """Those who have `:parts` anywhere, and are not found by `:query`."""
    sql = _PARTS_OF_FEW + seen + _NEWEST_OF_FEW if of_few else _BY_PARTS + seen + _NEWEST_FIRST
    return tx.all(PatientRow, sql, args)


def acts_for(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[PatientId]:
    return tx.all(PatientId, "SELECT p.id FROM patient p WHERE " + seen + " ORDER BY p.id <> :person_id, p.id", args)


def with_mobile(tx: ReadTx, mobile: str, but: str) -> PatientId | None:
    """Who holds this number, among active patients that were not imported."""
    return tx.maybe(
        PatientId,
        "SELECT id FROM patient WHERE mobile_e164 = ? AND archived_at IS NULL AND source <> 'import' AND id <> ?",
        mobile,
        but,
    )
