"""FHIR R4 comes in as others write it: whole, once, in any order, with a report that adds up."""

import asyncio
import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from esante.app import open_clinic
from esante.interop.fhir import commands
from esante.interop.fhir.importer import import_fhir
from esante.interop.fhir.reading import read_entries
from esante.interop.fhir.report import ImportReport
from esante.kernel.errors import Forbidden
from tests.conftest import Clinic
from tests.interop.population import (
    EVERYTHING,
    NPI,
    at,
    bundle,
    claim,
    concept,
    condition,
    encounter,
    organization,
    patient,
    practitioner,
    pressure,
    request,
    save,
    vital,
)

Counts = tuple[int, int, int, int]


def bring_in(clinic: Clinic, *paths: Path, source: str = "") -> ImportReport:
    report = clinic.run(import_fhir(clinic.db, list(paths), source=source))
    assert report.read == report.imported + report.kept_raw + report.already_there + report.refused
    return report


def counts(report: ImportReport) -> Counts:
    return report.imported, report.kept_raw, report.already_there, report.refused


def rows(clinic: Clinic, table: str) -> list[dict[str, Any]]:
    """What was imported into a table, not what was there before."""
    return clinic.rows(f"SELECT * FROM {table} WHERE source = 'import'")


def test_it_works(clinic: Clinic, tmp_path: Path) -> None:
    report = bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    assert counts(report) == (12, 1, 0, 0)
    assert report.problems == []
    (visit,) = rows(clinic, "consultation")
    assert (visit["status"], visit["started_at"]) == ("completed", "2001-03-04T15:00:00.000Z")
    assert (visit["chief_complaint"], visit["diagnosis"], visit["diagnosis_code"]) == (
        "General examination",
        "Asthma",
        "195967001",
    )
    vitals = json.loads(visit["vitals"])
    assert (vitals["weightKg"], vitals["heightCm"], vitals["bmi"], vitals["temperature"]) == (70, 175, 22.9, 37.5)
    assert (vitals["systolic"], vitals["diastolic"]) == (250, 20)
    (doctor,) = rows(clinic, "practitioner")
    (place,) = rows(clinic, "workplace")
    assert (visit["practitioner_id"], visit["workplace_id"]) == (doctor["id"], place["id"])
    assert doctor["status"] == "pending"
    assert clinic.rows("SELECT * FROM account WHERE email IS NULL") == []


def test_a_medication_request_is_a_locked_prescription(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    (made,) = rows(clinic, "prescription")
    (line,) = json.loads(made["lines"])
    assert (line["name"], line["instructions"], line["asNeeded"]) == (
        "Salbutamol 100 µg",
        "Two puffs when needed",
        True,
    )
    assert made["issued_precision"] == "day"
    assert made["can_edit_until"] == made["created_at"]
    assert (made["practitioner_id"], made["consultation_id"]) == (
        rows(clinic, "practitioner")[0]["id"],
        rows(clinic, "consultation")[0]["id"],
    )


def test_partial_dates_stay_what_they_are(clinic: Clinic, tmp_path: Path) -> None:
    half = encounter("e2", period={"start": "1970"})
    born = patient("p2", birthDate="1931-02")
    bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING, half, born))
    assert rows(clinic, "immunization")[0]["occurred"] == "1970"
    assert rows(clinic, "condition")[0]["onset"] == "1999-05"
    (visit,) = clinic.rows("SELECT * FROM consultation WHERE started_precision = 'year'")
    assert visit["started_at"] == "1969-12-31T23:00:00.000Z"
    assert sorted(str(row["birth_date"]) for row in rows(clinic, "patient")) == ["1980-04-02", "None"]


def test_the_original_is_kept_beside_the_row(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    (kept,) = clinic.rows("SELECT original FROM fhir_import WHERE key = 'Patient/p1'")
    assert json.loads(kept["original"]) == patient()


def test_what_has_no_place_is_kept_raw_beside_its_patient_or_the_clinic(clinic: Clinic, tmp_path: Path) -> None:
    device = {"resourceType": "Device", "id": "x1"}
    bring_in(clinic, save(tmp_path, "all.ndjson", patient(), claim(), device))
    (someone,) = rows(clinic, "patient")
    kept = {row["type"]: row for row in clinic.rows("SELECT * FROM fhir_raw")}
    assert kept["Claim"]["patient_id"] == someone["id"]
    assert json.loads(kept["Claim"]["resource"]) == claim()
    assert kept["Device"]["patient_id"] is None


def test_each_row_has_its_audit_line(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    (someone,) = rows(clinic, "patient")
    lines = [line for line in clinic.audit() if line["actor"] == "interop:fhir"]
    assert {line["role"] for line in lines} == {"system"}
    about = sorted(line["action"] for line in lines if line["patient_id"] == someone["id"])
    assert about == [
        "allergy.imported",
        "condition.imported",
        "consultation.imported",
        "fhir.kept_raw",
        "immunization.imported",
        "patient.registered",
        "prescription.imported",
    ]
    assert lines[-1]["action"] == "fhir.imported"
    assert lines[-1]["detail"]["imported"] == 12


def test_a_second_run_adds_nothing(clinic: Clinic, tmp_path: Path) -> None:
    file = save(tmp_path, "all.ndjson", *EVERYTHING, claim("k2", "Patient/nobody"))
    bring_in(clinic, file)
    before = clinic.rows("SELECT key, target_id FROM fhir_import ORDER BY key")
    assert counts(bring_in(clinic, file)) == (0, 0, 13, 1)
    assert clinic.rows("SELECT key, target_id FROM fhir_import ORDER BY key") == before
    assert len(rows(clinic, "consultation")) == 1


def test_a_later_run_builds_on_an_earlier_one(clinic: Clinic, tmp_path: Path) -> None:
    for number, resource in enumerate(reversed(EVERYTHING)):
        report = bring_in(clinic, save(tmp_path, f"{number}.json", resource))
        assert report.refused == 0
    (someone,) = rows(clinic, "patient")
    (visit,) = rows(clinic, "consultation")
    assert rows(clinic, "condition")[0]["consultation_id"] == visit["id"]
    assert {row["patient_id"] for row in clinic.rows("SELECT patient_id FROM fhir_raw")} == {someone["id"]}


def test_the_order_of_files_does_not_matter(clinic: Clinic, tmp_path: Path) -> None:
    for number, resource in enumerate(EVERYTHING):
        save(tmp_path, f"{number:02}.json", resource)
    assert counts(bring_in(clinic, tmp_path)) == (12, 1, 0, 0)
    assert rows(clinic, "consultation")[0]["diagnosis"] == "Asthma"


def test_a_bundle_with_urns(clinic: Clinic, tmp_path: Path) -> None:
    def bare(resource: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in resource.items() if name != "id"}

    made = bundle(
        at("urn:uuid:m", bare(request(subject="urn:uuid:p", encounter={"reference": "urn:uuid:e"}))),
        at("urn:uuid:c", bare(condition(subject="urn:uuid:p", visit="urn:uuid:e"))),
        at("urn:uuid:e", bare(encounter(subject="urn:uuid:p"))),
        at("urn:uuid:p", bare(patient())),
    )
    file = save(tmp_path, "bundle.json", made)
    assert counts(bring_in(clinic, file)) == (4, 0, 0, 0)
    assert rows(clinic, "prescription")[0]["consultation_id"] == rows(clinic, "consultation")[0]["id"]
    assert counts(bring_in(clinic, file)) == (0, 0, 4, 0)


def test_absolute_relative_and_logical_references(clinic: Clinic, tmp_path: Path) -> None:
    base = "https://ehr.example/fhir"
    known = patient("p9", identifier=[{"system": "urn:mrn", "value": "77"}])
    made = bundle(
        at(f"{base}/Patient/p9", known),
        at(f"{base}/Condition/c1", condition("c1", f"{base}/Patient/p9", None)),
        at(f"{base}/Condition/c2", condition("c2", "Patient/p9", None)),
        at(f"{base}/Condition/c3", condition("c3", f"{base}/Patient/p9/_history/2", None)),
        at(f"{base}/Condition/c4", condition("c4", "Patient?identifier=urn:mrn|77", None)),
        {"resource": condition("c5", visit=None) | {"subject": {"identifier": {"system": "urn:mrn", "value": "77"}}}},
        kind="collection",
    )
    assert counts(bring_in(clinic, save(tmp_path, "bundle.json", made))) == (6, 0, 0, 0)
    assert len({row["patient_id"] for row in rows(clinic, "condition")}) == 1


def test_two_systems_may_use_one_id(clinic: Clinic, tmp_path: Path) -> None:
    other = patient("p1", name=[{"family": "Other", "given": ["Olga"]}], birthDate="1950-01-01")
    there = "https://other.example/fhir"
    made = bundle(at(f"{there}/Patient/p1", other), at(f"{there}/Claim/k1", claim()))
    report = bring_in(clinic, save(tmp_path, "a.ndjson", patient(), claim()), save(tmp_path, "b.json", made))
    assert counts(report) == (2, 2, 0, 0)
    kept = clinic.rows("SELECT r.key, p.last_name FROM fhir_raw r JOIN patient p ON p.id = r.patient_id ORDER BY r.key")
    assert [(row["key"], row["last_name"]) for row in kept] == [
        ("Claim/k1", "Moreau"),
        (f"{there}/Claim/k1", "Other"),
    ]


def test_another_person_under_the_same_key_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "a.json", patient()))
    other = patient("p1", name=[{"family": "Other", "given": ["Olga"]}], birthDate="1950-01-01")
    file = save(tmp_path, "b.ndjson", claim(), other)
    report = bring_in(clinic, file)
    assert counts(report) == (0, 0, 0, 2)
    assert "Another patient" in report.problems[0].reason
    assert "either of two" in report.problems[1].reason
    assert counts(bring_in(clinic, file, source="https://other.example")) == (1, 1, 0, 0)
    (raw,) = clinic.rows("SELECT p.last_name FROM fhir_raw r JOIN patient p ON p.id = r.patient_id")
    assert raw["last_name"] == "Other"


def test_a_changed_resource_is_kept_raw_and_the_first_stays(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "a.ndjson", patient(), condition(visit=None)))
    changed = save(tmp_path, "b.json", condition(visit=None, abatementDateTime="2005"))
    assert counts(bring_in(clinic, changed)) == (0, 1, 0, 0)
    assert counts(bring_in(clinic, changed)) == (0, 0, 1, 0)
    assert rows(clinic, "condition")[0]["abated"] is None


def test_a_name_that_two_share_is_nobodys(clinic: Clinic, tmp_path: Path) -> None:
    twins = [patient(id, identifier=[{"system": "urn:mrn", "value": "1"}]) for id in ("t1", "t2")]
    meant = condition("c1", "Patient?identifier=urn:mrn|1", None)
    report = bring_in(clinic, save(tmp_path, "a.ndjson", *twins, meant))
    assert counts(report) == (2, 0, 0, 1)
    assert "several" in report.problems[0].reason


def test_without_id_the_identifier_counts_else_the_content(clinic: Clinic, tmp_path: Path) -> None:
    named = {name: value for name, value in practitioner().items() if name != "id"}
    plain = {name: value for name, value in organization().items() if name != "id"}
    bring_in(clinic, save(tmp_path, "a.ndjson", named, plain, plain))
    keys = [row["key"] for row in clinic.rows("SELECT key FROM fhir_import ORDER BY key")]
    assert keys[0] == f"Practitioner?identifier={NPI}|4711"
    assert keys[1].startswith("sha256:")
    assert len(keys) == 2
    same = dict(reversed(plain.items()))
    assert counts(bring_in(clinic, save(tmp_path, "b.json", same))) == (0, 0, 1, 0)


def test_the_nameless_and_the_subjectless_are_refused_with_their_reason(clinic: Clinic, tmp_path: Path) -> None:
    nameless = patient("p2", name=[{"use": "official"}])
    lost = [encounter("e9", "Patient/p2"), request("m9", "Patient/p2"), claim("k9", "Patient/missing")]
    report = bring_in(clinic, save(tmp_path, "a.ndjson", nameless, *lost))
    assert counts(report) == (0, 0, 0, 4)
    reasons = {problem.entry: problem.reason for problem in report.problems}
    assert reasons["line 1"] == "Patient: This patient has no name"
    assert all("points nowhere" in reasons[f"line {number}"] for number in (2, 3, 4))
    assert rows(clinic, "consultation") == []


def test_what_is_broken_is_reported_and_the_rest_goes_on(clinic: Clinic, tmp_path: Path) -> None:
    lines = tmp_path / "a.ndjson"
    lines.write_text(json.dumps(patient()) + "\n{broken\n\n" + json.dumps(claim()) + "\n[1]\n")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    (tmp_path / "c.json").write_text('{"resourceType": "Bundle", "entry": [5, {"resource": {"id": "x"}}]}')
    (tmp_path / "d.json").write_text('{"no": "resource"}')
    report = bring_in(clinic, tmp_path)
    assert counts(report) == (1, 1, 0, 6)
    where = [(Path(problem.file).name, problem.entry) for problem in report.problems]
    assert where == [
        ("a.ndjson", "line 2"),
        ("a.ndjson", "line 5"),
        ("b.json", "whole file"),
        ("c.json", "entry 0"),
        ("c.json", "entry 1"),
        ("d.json", "whole file"),
    ]
    assert all(problem.reason for problem in report.problems)
    missing = bring_in(clinic, tmp_path / "nothing.json")
    assert counts(missing) == (0, 0, 0, 1)


def test_responses_and_nested_bundles_are_kept_raw(clinic: Clinic, tmp_path: Path) -> None:
    made = bundle(
        {"response": {"status": "201 Created", "location": "Patient/p1"}},
        {"response": {"status": "201 Created", "location": "Patient/p1"}},
        {"resource": bundle({"resource": patient()}, kind="searchset"), "response": {"status": "200"}},
        kind="batch-response",
    )
    file = save(tmp_path, "a.json", made)
    assert counts(bring_in(clinic, file)) == (0, 3, 0, 0)
    assert counts(bring_in(clinic, file)) == (0, 0, 3, 0)
    assert rows(clinic, "patient") == []


def test_nothing_is_half_imported(clinic: Clinic, tmp_path: Path) -> None:
    """The database itself refuses the condition: then the encounter it belongs to is not there either."""
    clinic.tamper("CREATE TRIGGER full BEFORE INSERT ON condition BEGIN SELECT RAISE(ABORT, 'no'); END")
    report = bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    assert {problem.reason.split(":")[0] for problem in report.problems} == {"Encounter", "Condition"}
    assert rows(clinic, "consultation") == []
    assert clinic.rows("SELECT 1 FROM fhir_import WHERE target_kind IN ('vitals', 'consultation', 'condition')") == []
    clinic.tamper("DROP TRIGGER full")
    report = bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    assert report.refused == 0
    assert len(rows(clinic, "consultation")) == 1


def test_the_same_vital_sign_twice_is_not_lost(clinic: Clinic, tmp_path: Path) -> None:
    again = vital("v9", "29463-7", 71, "kg")
    report = bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING, again, pressure("v10", 130, 80)))
    assert counts(report) == (12, 3, 0, 0)
    raw = clinic.rows("SELECT key FROM fhir_raw WHERE type = 'Observation' ORDER BY key")
    assert [row["key"] for row in raw] == ["Observation/v10", "Observation/v9"]


def test_a_condition_of_another_patient_is_not_folded(clinic: Clinic, tmp_path: Path) -> None:
    bring_in(clinic, save(tmp_path, "a.ndjson", encounter(), patient(), patient("p2"), condition(subject="Patient/p2")))
    assert rows(clinic, "consultation")[0]["diagnosis"] is None
    assert rows(clinic, "condition")[0]["consultation_id"] is None


def test_a_condition_that_the_encounter_calls_its_diagnosis_is_folded(clinic: Clinic, tmp_path: Path) -> None:
    visit = encounter(diagnosis=[{"condition": {"reference": "Condition/c1"}}])
    bring_in(clinic, save(tmp_path, "a.ndjson", condition(visit=None), visit, patient()))
    (kept,) = rows(clinic, "consultation")
    assert kept["diagnosis"] == "Asthma"
    assert rows(clinic, "condition")[0]["consultation_id"] == kept["id"]


def test_lines_of_json_under_another_name(clinic: Clinic, tmp_path: Path) -> None:
    save(tmp_path, "a.ndjson", *EVERYTHING).rename(tmp_path / "a.json")
    assert counts(bring_in(clinic, tmp_path)) == (12, 1, 0, 0)


def test_a_visit_that_did_not_happen_is_kept_raw(clinic: Clinic, tmp_path: Path) -> None:
    planned = encounter(status="planned")
    assert counts(bring_in(clinic, save(tmp_path, "a.ndjson", planned, patient()))) == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("medication", "name"),
    [
        ({"medicationReference": {"reference": "Medication/x"}}, "Amoxicillin"),
        (
            {
                "contained": [{"resourceType": "Medication", "id": "in", "code": concept("Ibuprofen")}],
                "medicationReference": {"reference": "#in"},
            },
            "Ibuprofen",
        ),
        ({"medicationReference": {"reference": "Medication/gone", "display": "Aspirin"}}, "Aspirin"),
        ({"medicationCodeableConcept": {"coding": [{"code": "387517004"}]}}, "387517004"),
    ],
)
def test_the_medication_is_found_where_it_is_named(
    clinic: Clinic, tmp_path: Path, medication: dict[str, Any], name: str
) -> None:
    asked = {key: value for key, value in request().items() if key != "medicationCodeableConcept"} | medication
    known = {"resourceType": "Medication", "id": "x", "code": concept("Amoxicillin")}
    bring_in(clinic, save(tmp_path, "a.ndjson", asked, known, patient()))
    assert json.loads(rows(clinic, "prescription")[0]["lines"])[0]["name"] == name


def test_what_was_imported_is_read_like_the_rest(clinic: Clinic, tmp_path: Path) -> None:
    """Its patient gets an account, and sees the visit; nobody changes it."""
    bring_in(clinic, save(tmp_path, "all.ndjson", *EVERYTHING))
    (someone,) = rows(clinic, "patient")
    clinic.tamper("UPDATE account_role SET person_id = ? WHERE account_id = ?", someone["id"], clinic.accounts["emma"])
    (item,) = clinic.emma.get("/consultations").json()["items"]
    seen = clinic.emma.get(f"/consultations/{item['id']}").json()
    assert (seen["isSealed"], seen["source"], seen["diagnosis"]) == (True, "import", "Asthma")
    kinds = clinic.emma.get(f"/patients/{someone['id']}/timeline").json()["items"]
    assert sorted(each["kind"] for each in kinds) == ["consultation", "prescription"]
    for name in ("allergies", "conditions", "immunizations"):
        assert len(clinic.emma.get(f"/patients/{someone['id']}/{name}").json()["items"]) == 1
    with pytest.raises(apsw.ConstraintError, match="sealed"):
        clinic.tamper("UPDATE consultation SET notes = 'x', version = 2 WHERE id = ?", item["id"])


def test_it_runs_beside_the_live_clinic(clinic: Clinic, tmp_path: Path) -> None:
    """A second process has a database object of its own; the clinic goes on answering, and sees what came in."""
    file = save(tmp_path, "all.ndjson", *EVERYTHING)

    async def elsewhere() -> ImportReport:
        other = open_clinic(clinic.folder, clinic.config, clinic.parts.keys, now=clinic.clock)
        await other.db.start()
        try:
            return await import_fhir(other.db, [file])
        finally:
            await other.db.stop()

    report = asyncio.run(elsewhere())
    assert report.imported == 12
    assert clinic.gwen.get("/patients", params={"q": "Moreau"}).json()["items"][0]["lastName"] == "Moreau"


def test_progress_is_told_to_its_end(clinic: Clinic, tmp_path: Path) -> None:
    file, told = save(tmp_path, "all.ndjson", *EVERYTHING), []
    clinic.run(import_fhir(clinic.db, [file], progress=lambda done, total: told.append((done, total))))
    assert told[-1][0] == told[-1][1] > 0


def test_only_the_house_imports(clinic: Clinic, tmp_path: Path) -> None:
    (entry,) = read_entries(save(tmp_path, "a.json", patient()))
    with pytest.raises(Forbidden):
        clinic.write(clinic.actor("gwen"), commands.import_one, entry)


def test_a_recent_visit_means_that_its_doctor_treats_the_patient(clinic: Clinic, tmp_path: Path) -> None:
    recent = {"start": "2026-06-01T10:00:00Z", "end": "2026-06-01T10:30:00Z"}
    bring_in(
        clinic,
        save(
            tmp_path,
            "two.ndjson",
            patient(),
            practitioner(),
            organization(),
            encounter("old"),
            encounter("new", period=recent),
            encounter("wrong", period=recent, status="entered-in-error"),
        ),
    )
    (care,) = clinic.rows("SELECT * FROM care_relation WHERE source = 'consultation'")
    (visit,) = clinic.rows("SELECT * FROM consultation WHERE id = ?", care["source_id"])
    assert (care["patient_id"], care["practitioner_id"]) == (visit["patient_id"], visit["practitioner_id"])
    assert (visit["ended_at"], care["until_at"]) == ("2026-06-01T10:30:00.000Z", "2027-06-01T10:30:00.000Z")
