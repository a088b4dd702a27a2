"""An assistant works for those who hired her: their agendas and their patients, and no colleague's (SPEC WA-10)."""

from typing import Any

import pytest

from tests.conftest import Clinic, Person
from tests.workplaces.desk import invited, newcomer, respond, site

TUESDAY = "2026-11-17T10:00:00"


@pytest.fixture
def hugo(clinic: Clinic) -> Person:
    """Hired by Amina, at the clinic's own site that she shares with Bruno."""
    person = newcomer(clinic)
    respond(person, invited(clinic, clinic.amina))
    return person


def wish(clinic: Clinic, doctor: str, patient: str, **more: Any) -> dict[str, Any]:
    kind = "consultation" if doctor == "amina" else "checkup"
    return {
        "practitionerId": clinic.ids[doctor],
        "typeId": clinic.types[kind],
        "startsAt": TUESDAY,
        "patientId": patient,
        **more,
    }


def booked(clinic: Clinic, doctor: str, patient: str = "driss", **more: Any) -> str:
    answer = clinic.gwen.post("/appointments", json=wish(clinic, doctor, clinic.ids[patient], **more))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def registered(person: Person, name: str = "Zoé") -> str:
    answer = person.post("/patients", json={"firstName": name, "lastName": "Nouvelle", "birthDate": "1990-01-02"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_it_works(clinic: Clinic, hugo: Person) -> None:
    hers, his = booked(clinic, "amina"), booked(clinic, "bruno", "emma")
    assert [one["id"] for one in hugo.get("/appointments").json()["items"]] == [hers]
    board = hugo.get("/appointments/board/2026-11-17").json()
    assert [one["id"] for one in board["expected"]] == [hers]
    assert hugo.get(f"/appointments/{hers}").status_code == 200
    for verb, body in (("cancel", {"reason": "not mine"}), ("check-in", {}), ("reschedule", {"startsAt": TUESDAY})):
        assert hugo.post(f"/appointments/{his}/{verb}", json=body).status_code == 404
    assert hugo.get(f"/appointments/{his}").status_code == 404
    assert clinic.chloe.get(f"/appointments/{his}").status_code == 200  # hired by the clinic, for everybody


def test_she_books_for_whom_she_works_and_for_nobody_else(clinic: Clinic, hugo: Person) -> None:
    zoe = registered(hugo)
    assert hugo.post("/appointments", json=wish(clinic, "amina", zoe)).status_code == 201
    line = clinic.audit("appointment.confirmed")[-1]
    assert line["on_behalf_of"] == clinic.ids["amina"]
    refused = hugo.post("/appointments", json=wish(clinic, "bruno", zoe, startsAt="2026-11-17T14:00:00"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "SCOPE_MISSING")
    series = {**wish(clinic, "bruno", zoe), "visits": 2}
    assert hugo.post("/appointments/series", json=series).status_code == 403
    waits = {"typeId": clinic.types["checkup"], "patientId": zoe, "from": "2026-11-17", "to": "2026-11-30"}
    assert hugo.post("/waitlist", json={**waits, "practitionerId": clinic.ids["bruno"]}).status_code == 403


def test_she_keeps_the_availability_of_whom_she_works_for(clinic: Clinic, hugo: Person) -> None:
    rows = {"rows": [{"weekday": 1, "from": "08:00", "to": "12:00"}]}
    for doctor, status in (("amina", 200), ("bruno", 403)):
        path = f"/availability/template?practitionerId={clinic.ids[doctor]}"
        assert hugo.get(path).status_code == status
        assert hugo.put(path, json=rows).status_code == status
        day = f"/availability/exceptions/2026-12-24?practitionerId={clinic.ids[doctor]}"
        assert hugo.put(day, json={"dayOff": True}).status_code == status


def test_the_scope_must_be_to_write(clinic: Clinic) -> None:
    reader = newcomer(clinic, "nina")
    respond(reader, invited(clinic, clinic.amina, "nina", scopes=["schedule.read"]))
    path = f"/availability/template?practitionerId={clinic.ids['amina']}"
    assert reader.put(path, json={"rows": []}).status_code == 403
    assert reader.post(f"/appointments/{booked(clinic, 'amina')}/cancel", json={"reason": "no no"}).status_code == 403


def test_the_waiting_list_is_that_of_whom_she_works_for(clinic: Clinic, hugo: Person) -> None:
    ids = {}
    for doctor, kind in (("amina", "consultation"), ("bruno", "checkup")):
        body = {
            "typeId": clinic.types[kind],
            "patientId": clinic.ids["driss"],
            "practitionerId": clinic.ids[doctor],
            "from": "2026-11-17",
            "to": "2026-11-30",
        }
        ids[doctor] = clinic.chloe.post("/waitlist", json=body).json()["id"]
    assert [one["id"] for one in hugo.get("/waitlist").json()["items"]] == [ids["amina"]]
    assert len(clinic.chloe.get("/waitlist").json()["items"]) == 2
    assert hugo.post(f"/waitlist/{ids['bruno']}/withdraw").status_code == 404
    assert hugo.post(f"/waitlist/{ids['amina']}/withdraw").status_code == 200
    assert clinic.audit("waitlist.withdrawn")[-1]["on_behalf_of"] == clinic.ids["amina"]


def test_patients_are_seen_through_the_eyes_of_the_doctor(clinic: Clinic, hugo: Person) -> None:
    driss = clinic.ids["driss"]
    assert hugo.get(f"/patients/{driss}").status_code == 404
    assert hugo.get("/patients", params={"q": "Driss"}).json()["items"] == []
    booked(clinic, "bruno")
    assert hugo.get(f"/patients/{driss}").status_code == 404
    booked(clinic, "amina", startsAt="2026-11-17T11:00:00")
    seen = hugo.get(f"/patients/{driss}")
    assert seen.status_code == 200
    assert [one["id"] for one in hugo.get("/patients", params={"q": "Driss"}).json()["items"]] == [driss]
    changed = hugo.patch(f"/patients/{driss}", json={"nationality": "MA"}, headers={"if-match": seen.headers["etag"]})
    assert changed.status_code == 200, changed.text
    line = clinic.audit("user.profile_updated")[-1]
    assert (line["actor"], line["on_behalf_of"]) == (clinic.accounts["hugo"], clinic.ids["amina"])
    assert clinic.chloe.get(f"/patients/{clinic.ids['emma']}").status_code == 200  # hired by the clinic: everybody


def test_whom_she_registered_she_goes_on_seeing(clinic: Clinic, hugo: Person) -> None:
    zoe = registered(hugo)
    assert hugo.get(f"/patients/{zoe}").status_code == 200
    assert clinic.audit("patient.registered")[-1]["on_behalf_of"] == clinic.ids["amina"]
    yan = registered(clinic.chloe, "Yan")
    assert hugo.get(f"/patients/{yan}").status_code == 404


def test_to_change_patients_needs_the_scope_for_their_doctor(clinic: Clinic) -> None:
    nina = newcomer(clinic, "nina")
    respond(nina, invited(clinic, clinic.amina, "nina", scopes=["patient.read", "schedule.read"]))
    booked(clinic, "amina")
    driss = clinic.ids["driss"]
    version = nina.get(f"/patients/{driss}").headers["etag"]
    elsewhere = site(clinic, clinic.bruno)["id"]
    respond(nina, invited(clinic, clinic.bruno, "nina", place=elsewhere, scopes=["patient.write", "patient.read"]))
    refused = nina.patch(f"/patients/{driss}", json={"nationality": "MA"}, headers={"if-match": version})
    assert refused.status_code == 404
    assert nina.get(f"/patients/{driss}").status_code == 200


def test_an_admin_says_for_whom_else_she_works(clinic: Clinic, hugo: Person) -> None:
    his = booked(clinic, "bruno")
    id = next(one["id"] for one in clinic.gwen.get("/doctors/assistants").json()["items"] if one["doctors"])
    scopes = ["schedule.read", "schedule.write"]
    both = {"scopes": scopes, "doctors": [clinic.ids["amina"], clinic.ids["bruno"]]}
    own = clinic.amina.patch(f"/doctors/assistants/{id}", json=both, headers={"if-match": "1"})
    assert own.status_code == 403  # nobody lends a colleague's agenda
    changed = clinic.gwen.patch(f"/doctors/assistants/{id}", json=both, headers={"if-match": "1"})
    assert (changed.status_code, changed.json()["doctors"]) == (200, sorted(both["doctors"])), changed.text
    assert hugo.get(f"/appointments/{his}").status_code == 200
    everybody = {"scopes": scopes, "doctors": None}
    assert clinic.gwen.patch(f"/doctors/assistants/{id}", json=everybody, headers={"if-match": "2"}).status_code == 200
    nobody = {"scopes": scopes, "doctors": [clinic.ids["driss"]]}
    wrong = clinic.gwen.patch(f"/doctors/assistants/{id}", json=nobody, headers={"if-match": "3"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (400, "NOT_A_MEMBER")
    assert hugo.get(f"/appointments/{his}").status_code == 200


def test_when_the_doctor_leaves_the_site_her_rights_there_end_at_once(clinic: Clinic, hugo: Person) -> None:
    kept = booked(clinic, "amina")
    assert hugo.get(f"/appointments/{kept}").status_code == 200
    clinic.gwen.post(f"/appointments/{kept}/cancel", json={"reason": "she goes elsewhere"})
    site(clinic, clinic.amina)
    place = clinic.made.workplace_id
    assert clinic.gwen.delete(f"/workplaces/{place}/doctors/{clinic.ids['amina']}").status_code in (200, 204)
    assert hugo.get(f"/appointments/{kept}").status_code == 404


def test_a_site_of_its_own_is_served_whole_when_the_owner_or_an_admin_says_so(clinic: Clinic) -> None:
    private = site(clinic, clinic.amina)["id"]
    clinic.gwen.put(f"/workplaces/{private}/doctors/{clinic.ids['bruno']}", json={})
    nina = newcomer(clinic, "nina")
    respond(nina, invited(clinic, clinic.amina, "nina", place=private, scopes=["schedule.read"]))
    there = booked(clinic, "bruno", workplaceId=private)
    assert nina.get(f"/appointments/{there}").status_code == 404
    id = next(one["id"] for one in clinic.amina.get("/doctors/assistants").json()["items"] if one["doctors"])
    whole = {"scopes": ["schedule.read"], "doctors": None}
    assert clinic.amina.patch(f"/doctors/assistants/{id}", json=whole, headers={"if-match": "1"}).status_code == 200
    assert nina.get(f"/appointments/{there}").status_code == 200
    elsewhere = booked(clinic, "bruno", startsAt="2026-11-17T15:00:00")
    assert nina.get(f"/appointments/{elsewhere}").status_code == 404


def test_outside_the_calendar_too_she_acts_on_somebodys_behalf(clinic: Clinic, hugo: Person) -> None:
    zoe, yan = registered(hugo), registered(clinic.chloe, "Yan")
    contact = {"name": "Nora", "phone": "+33612345679"}
    assert hugo.post(f"/patients/{zoe}/contacts", json=contact).status_code == 201
    assert clinic.chloe.post(f"/patients/{yan}/contacts", json=contact).status_code == 201
    lines = [line for line in clinic.audit() if line["patient_id"] in (zoe, yan)]
    behalf = {(line["actor"], line["on_behalf_of"]) for line in lines}
    assert behalf == {
        (clinic.accounts["hugo"], clinic.ids["amina"]),
        (clinic.accounts["chloe"], clinic.made.workplace_id),  # hired by the clinic, for everybody there
    }


def test_who_is_somebody_elses_patient_is_no_candidate_by_name(clinic: Clinic, hugo: Person) -> None:
    found = hugo.get("/patients/duplicates", params={"firstName": "Driss", "lastName": "El Fassi"}).json()["items"]
    assert [one["lastName"] for one in found] == [None]
    shown = clinic.chloe.get("/patients/duplicates", params={"firstName": "Driss", "lastName": "El Fassi"})
    assert [one["lastName"] for one in shown.json()["items"]] == ["El Fassi"]
