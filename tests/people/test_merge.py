"""Two records of one person become one, and can become two again (SPEC PE-17)."""

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from esante.interop.fhir import store as imports
from esante.people import service as people
from esante.people.structs import EmergencyContact, NewPatient, NotedItem
from tests.identity.secrets_of import HOUSE
from tests.records.visit import LINE, SAYS, later

WHY = "the same person, seen twice"
LEFT_OUT = {
    "audit",
    "job",
    "idempotency",
    "patient_version",
    "patient_merge",
    "patient_merge_row",
    "session",
    "migration",
}
NOT_MOVED = {
    "audit",  # what was done is not rewritten
    "patient_version",  # what a record said stays with the record
    "kiosk_visit",  # over in minutes
}


def merge(clinic: Any, survivor: str = "driss", other: str = "emma", person: str = "gwen") -> Any:
    body = {"otherId": clinic.ids[other], "reason": WHY}
    return getattr(clinic, person).post(f"/patients/{clinic.ids[survivor]}/merge", json=body)


def unmerge(clinic: Any, survivor: str = "driss", other: str = "emma", person: str = "gwen", **more: Any) -> Any:
    body = {"otherId": clinic.ids[other], "reason": "two people after all"} | more
    return getattr(clinic, person).post(f"/patients/{clinic.ids[survivor]}/unmerge", json=body)


def visit(clinic: Any, who: str, hour: int = 9, day: str = "2026-11-16", **more: Any) -> dict[str, Any]:
    wish = {
        "patientId": clinic.ids[who],
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": f"{day}T{hour:02}:00:00",
        "reason": "Cough",
    }
    made = clinic.chloe.post("/appointments", json=wish | more)
    assert made.status_code == 201, made.text
    return dict(made.json())


def written(clinic: Any, appointment: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The visit takes place: a completed consultation and a prescription in it."""
    path = f"/appointments/{appointment['id']}"
    starts_at = datetime.fromisoformat(appointment["startsAt"])
    if starts_at > clinic.clock.now():
        later(clinic, seconds=(starts_at - clinic.clock.now()).total_seconds())
    assert clinic.chloe.post(f"{path}/check-in").status_code == 200
    assert clinic.amina.post(f"{path}/start").status_code == 200
    note = clinic.amina.post("/consultations", json={"appointmentId": appointment["id"]} | SAYS).json()
    drug = clinic.amina.post("/prescriptions", json={"consultationId": note["id"], "lines": [LINE]})
    assert drug.status_code == 201, drug.text
    assert clinic.amina.post(f"/consultations/{note['id']}/complete").status_code == 200
    assert clinic.amina.post(f"{path}/complete").status_code == 200
    return note, drug.json()


def whole(clinic: Any) -> dict[str, list[Any]]:
    """Everything that the file holds, but for what only ever grows, and for the versions of the two records."""
    tables = clinic.rows("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB '*_search*'")
    found = {}
    for name in sorted({one["name"] for one in tables} - LEFT_OUT):
        rows = clinic.rows(f'SELECT * FROM "{name}"')
        for row in rows:
            if name == "patient":
                del row["version"], row["updated_at"]
            if name == "account":
                del row["last_login_at"], row["updated_at"]
        found[name] = sorted(rows, key=str)
    return found


def of(clinic: Any, table: str, key: str, column: str = "patient_id") -> str:
    return str(clinic.rows(f"SELECT {column} FROM {table} WHERE id = ?", key)[0][column])


def test_it_works(clinic: Any) -> None:
    appointment = visit(clinic, "emma")
    note, drug = written(clinic, appointment)
    answer = merge(clinic)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["survivorId"], body["otherId"]) == (clinic.ids["driss"], clinic.ids["emma"])
    assert (body["moved"]["appointment"], body["moved"]["consultation"], body["moved"]["prescription"]) == (1, 1, 1)
    for table, key in (("appointment", appointment["id"]), ("consultation", note["id"]), ("prescription", drug["id"])):
        assert of(clinic, table, key) == clinic.ids["driss"]
    line = clinic.audit("patient.merged")[-1]
    assert (line["patient_id"], line["detail"]["otherId"], line["reason"]) == (
        clinic.ids["driss"],
        clinic.ids["emma"],
        WHY,
    )
    timeline = clinic.amina.get(f"/patients/{clinic.ids['driss']}/timeline").json()
    assert {one["kind"] for one in timeline["items"]} == {"consultation", "prescription"}


def test_the_old_id_is_an_alias(clinic: Any) -> None:
    merge(clinic)
    driss, emma = clinic.ids["driss"], clinic.ids["emma"]
    found = clinic.gwen.get(f"/patients/{emma}").json()
    assert (found["id"], found["askedAs"]) == (driss, emma)
    assert clinic.gwen.get(f"/patients/{driss}").json()["askedAs"] is None
    assert visit(clinic, "emma")["patientId"] == driss
    assert [one["id"] for one in clinic.gwen.get("/patients", params={"q": "dubois"}).json()["items"]] == []
    refused = clinic.gwen.patch(f"/patients/{emma}", json={"nationality": "MA"}, headers={"if-match": '"2"'})
    assert (refused.status_code, refused.json()["error"]["extra"]) == (409, {"patientId": driss})


def test_nothing_found_under_an_alias_is_not_taken_for_nothing_known(clinic: Any) -> None:
    visit(clinic, "emma")
    merge(clinic)
    answer = clinic.amina.get(f"/patients/{clinic.ids['emma']}/allergies")
    assert answer.status_code in (404, 409)


def test_undone_both_records_come_back_exactly(clinic: Any) -> None:
    """With visits past and to come, what was written in them (and is sealed), a dependant, a guardian's consent, an import."""
    visit(clinic, "driss", 8)
    written(clinic, visit(clinic, "emma", 9))
    visit(clinic, "emma", 15)
    visit(clinic, "driss", 15, practitionerId=clinic.ids["bruno"], typeId=clinic.types["checkup"])
    child = NewPatient(
        first_name="Léo", last_name="Dubois", birth_date=date(2019, 1, 1), guardian_id=clinic.ids["emma"]
    )
    clinic.write(HOUSE, people.add_patient, child, source="desk")
    clinic.gwen.patch(
        f"/patients/{clinic.ids['emma']}",
        json={"allergies": [{"text": "nuts"}], "mobileNumber": "0639985555"},
        headers={"if-match": '"1"'},
    )
    clinic.tamper(
        "INSERT INTO fhir_import VALUES ('k', 'Patient', 'patient', ?1, ?1, x'00', '{}', '2026-01-01T00:00:00.000Z')",
        clinic.ids["emma"],
    )
    clinic.tamper(
        "INSERT INTO allergy (id, patient_id, substance, source, created_at) VALUES ('a', ?, 'nuts', 'import', '2026')",
        clinic.ids["emma"],
    )
    later(clinic, days=3)
    before = whole(clinic)
    merged = merge(clinic)
    assert merged.status_code == 200, merged.text
    assert merged.json()["moved"] == {
        "account": 1, "allergy": 1, "appointment": 2, "care": 2, "consultation": 1, "dependant": 1, "import": 1,
        "importTarget": 1, "overlap": 1, "prescription": 1,
    }  # fmt: skip
    for table in ("appointment", "consultation", "prescription", "allergy", "fhir_import"):
        assert clinic.rows(f"SELECT 1 FROM {table} WHERE patient_id = ?", clinic.ids["emma"]) == []
    assert unmerge(clinic).status_code == 200
    assert whole(clinic) == before


def test_the_survivor_takes_over_what_it_lacks_and_no_allergy_is_lost(clinic: Any) -> None:
    given = NewPatient(
        first_name="Emma",
        last_name="Dubois",
        mobile_number="0639985555",
        blood_type="A+",
        allergies=[NotedItem(text="nuts"), NotedItem(text="latex")],
        contacts=[EmergencyContact(name="Paul", phone="1234")],
    )
    clinic.ids["again"] = clinic.write(HOUSE, people.add_patient, given, source="desk")
    first = clinic.emma.patch(
        f"/patients/{clinic.ids['emma']}",
        json={"allergies": [{"text": "nuts"}], "gender": "female"},
        headers={"if-match": '"1"'},
    ).json()
    assert merge(clinic, "emma", "again").status_code == 200
    now = clinic.emma.get(f"/patients/{clinic.ids['emma']}").json()
    assert (now["mobileE164"], now["bloodType"], now["birthDate"]) == ("+33639985555", "A+", "1991-11-02")
    assert [one["text"] for one in now["allergies"]] == ["nuts", "latex"]
    assert [one["name"] for one in now["contacts"]] == ["Paul"]
    assert unmerge(clinic, "emma", "again").status_code == 200
    then = clinic.emma.get(f"/patients/{clinic.ids['emma']}").json()
    assert {k: v for k, v in then.items() if k not in ("version", "updatedAt")} == {
        k: v for k, v in first.items() if k not in ("version", "updatedAt")
    }
    assert clinic.gwen.get(f"/patients/{clinic.ids['again']}").json()["mobileE164"] == "+33639985555"


def test_what_was_changed_since_stays(clinic: Any) -> None:
    clinic.gwen.patch(f"/patients/{clinic.ids['emma']}", json={"nationality": "FR"}, headers={"if-match": '"1"'})
    merge(clinic)
    driss = f"/patients/{clinic.ids['driss']}"
    version = clinic.gwen.get(driss).json()["version"]
    body = {"bloodType": "O-", "allergies": [{"text": "dust"}]}
    assert clinic.driss.patch(driss, json=body, headers={"if-match": f'"{version}"'}).status_code == 200
    unmerge(clinic)
    now = clinic.driss.get(driss).json()
    assert (now["nationality"], now["bloodType"], now["allergies"][0]["text"]) == (None, "O-", "dust")


def test_whoever_signed_in_for_the_other_signs_in_for_the_survivor(clinic: Any) -> None:
    assert clinic.emma.get("/users/profile").json()["lastName"] == "Dubois"
    merge(clinic)
    assert clinic.emma.get("/users/profile").status_code == 401
    clinic.emma.sign_in()
    assert clinic.emma.get("/users/profile").json()["id"] == clinic.ids["driss"]
    unmerge(clinic)
    clinic.emma.sign_in()
    assert clinic.emma.get("/users/profile").json()["lastName"] == "Dubois"
    clinic.driss.sign_in()
    assert clinic.driss.get("/users/profile").json()["lastName"] == "El Fassi"


def test_later_rows_stay_with_the_survivor_unless_they_are_chosen(clinic: Any) -> None:
    merge(clinic)
    stays, goes = visit(clinic, "driss", 9), visit(clinic, "driss", 10)
    note, drug = written(clinic, goes)
    kept, _ = written(clinic, stays)
    assert unmerge(clinic, toOther=[goes["id"]]).status_code == 200
    emma, driss = clinic.ids["emma"], clinic.ids["driss"]
    assert of(clinic, "appointment", goes["id"]) == of(clinic, "consultation", note["id"]) == emma
    assert of(clinic, "prescription", drug["id"]) == emma
    assert of(clinic, "appointment", stays["id"]) == of(clinic, "consultation", kept["id"]) == driss
    relations = clinic.rows("SELECT patient_id FROM care_relation WHERE source_id = ?", goes["id"])
    assert relations == [{"patient_id": emma}]


def test_a_visit_of_before_that_is_confirmed_since_goes_back_with_its_relation(clinic: Any) -> None:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "startsAt": "2026-11-17T09:00:00",
        "reason": "Cough",
    }
    asked = clinic.emma.post("/appointments", json=wish).json()
    merge(clinic)
    assert clinic.chloe.post(f"/appointments/{asked['id']}/confirm").status_code == 200
    unmerge(clinic)
    assert clinic.rows("SELECT patient_id FROM care_relation") == [{"patient_id": clinic.ids["emma"]}]
    times = clinic.rows("SELECT resource_id FROM occupancy WHERE resource_kind = 'patient'")
    assert times == [{"resource_id": clinic.ids["emma"]}]


def test_what_was_written_in_a_visit_does_not_leave_it(clinic: Any) -> None:
    merge(clinic)
    note, _ = written(clinic, visit(clinic, "driss", 9))
    refused = unmerge(clinic, toOther=[note["id"]])
    assert (refused.status_code, refused.json()["error"]["extra"]) == (400, {"rows": [note["id"]]})
    assert unmerge(clinic, toOther=["nothing"]).status_code == 400
    assert clinic.rows("SELECT 1 FROM patient_merge WHERE undone_at IS NOT NULL") == []


def test_a_number_that_somebody_else_has_meanwhile_stands_in_the_way(clinic: Any) -> None:
    for who, number in (("driss", "0639980001"), ("emma", "0639985555")):
        clinic.gwen.patch(f"/patients/{clinic.ids[who]}", json={"mobileNumber": number}, headers={"if-match": '"1"'})
    merge(clinic)
    new = {"firstName": "X", "lastName": "Y", "mobileNumber": "0639985555"}
    assert clinic.gwen.post("/patients", json=new).status_code == 201
    assert unmerge(clinic).json()["error"]["code"] == "MOBILE_TAKEN"


def test_merges_on_top_of_each_other_are_undone_from_the_top(clinic: Any) -> None:
    clinic.ids["third"] = clinic.gwen.post("/patients", json={"firstName": "X", "lastName": "Y"}).json()["id"]
    appointment = visit(clinic, "emma")
    merge(clinic)
    assert merge(clinic, "third", "driss").status_code == 200
    assert of(clinic, "appointment", appointment["id"]) == clinic.ids["third"]
    assert clinic.gwen.get(f"/patients/{clinic.ids['emma']}").json()["id"] == clinic.ids["third"]
    assert unmerge(clinic).json()["error"]["code"] == "UNDO_LATER_FIRST"
    assert unmerge(clinic, "third", "driss").status_code == 200
    assert of(clinic, "appointment", appointment["id"]) == clinic.ids["driss"]
    assert unmerge(clinic).status_code == 200
    assert of(clinic, "appointment", appointment["id"]) == clinic.ids["emma"]
    shown = clinic.gwen.get(f"/patients/{clinic.ids['driss']}/merges").json()["items"]
    assert [one["undoneAt"] is not None for one in shown] == [True, True]


def test_what_is_refused(clinic: Any) -> None:
    assert merge(clinic, "driss", "driss").status_code == 400
    clinic.ids["nobody"] = "nobody"
    assert merge(clinic, "driss", "nobody").status_code == 404
    assert unmerge(clinic).status_code == 404
    clinic.gwen.patch(
        f"/patients/{clinic.ids['driss']}", json={"guardianId": clinic.ids["emma"]}, headers={"if-match": '"1"'}
    )
    assert merge(clinic).json()["error"]["code"] == "GUARDIAN_IN_THE_WAY"
    clinic.gwen.patch(f"/patients/{clinic.ids['driss']}", json={"guardianId": None}, headers={"if-match": '"2"'})
    assert merge(clinic).status_code == 200
    assert merge(clinic).json()["error"]["code"] == "PATIENT_MERGED"
    assert unmerge(clinic, "emma", "driss").status_code == 404
    no_reason = clinic.gwen.post(f"/patients/{clinic.ids['driss']}/merge", json={"otherId": clinic.ids["emma"]})
    assert no_reason.status_code == 400


def test_who_may_not(clinic: Any) -> None:
    for act in (merge, unmerge):
        for person in ("driss", "amina", "chloe", "farid"):
            assert act(clinic, person=person).status_code == 403
        assert act(clinic, person="anonymous").status_code == 401
    assert clinic.amina.get(f"/patients/{clinic.ids['driss']}/merges").status_code == 403


def test_without_a_merge_nothing_changes_its_patient(clinic: Any) -> None:
    note, drug = written(clinic, visit(clinic, "emma"))
    for table, key in (("consultation", note["id"]), ("prescription", drug["id"])):
        with pytest.raises(Exception, match="stays with its patient"):
            clinic.tamper(f"UPDATE {table} SET patient_id = ? WHERE id = ?", clinic.ids["driss"], key)


def test_every_table_of_a_patient_moves() -> None:
    """A room that keeps rows of a patient moves them, with reactions to PatientsMerged and PatientsUnmerged."""
    house = Path(imports.__file__).parent.parent.parent
    tables = set()
    for name, body in re.findall(r'CREATE TABLE "?(\w+)"? \((.*?)\) STRICT', (house / "schema.sql").read_text(), re.S):
        if re.search(r"^\s+patient_id\s", body, re.M):
            tables.add(name)
    moved = set()
    for file in house.rglob("*.py"):
        moved |= set(re.findall(r"UPDATE (\w+) SET patient_id", file.read_text()))
    assert tables - moved - NOT_MOVED == set()
