"""Who reads a consultation, what they see of it, and that each look is in the audit log."""

from esante.kernel.actor import Actor
from esante.people import service as people
from esante.records.consultations import service
from esante.records.consultations.structs import ConsultationId
from tests.conftest import Clinic
from tests.records.visit import begin_visit, completed, later, write


def treat(clinic: Clinic, doctor: str, patient: str) -> None:
    clinic.write(
        clinic.actor("amina"),
        people.open_care,
        clinic.ids[patient],
        clinic.ids[doctor],
        source="referral",
        source_id="referral-1",
    )


def reader(clinic: Clinic) -> Actor:
    """Chloé, with the scope to read records."""
    scopes = frozenset({(clinic.made.workplace_id, "*", "records.read")})
    return Actor(id=clinic.accounts["chloe"], role="assistant", scopes=scopes)


def test_it_works(clinic: Clinic) -> None:
    done = completed(clinic)
    read = clinic.driss.get(f"/consultations/{done['id']}")
    assert read.status_code == 200
    assert read.headers["etag"] == f'"{done["version"]}"'
    (line,) = clinic.audit("consultation.accessed")
    assert (line["actor"], line["subject"], line["patient_id"]) == (
        clinic.accounts["driss"],
        done["id"],
        clinic.ids["driss"],
    )
    assert line["detail"]["accessType"] == "view"


def test_row_15_a_draft_is_its_authors_alone(clinic: Clinic) -> None:
    draft = write(clinic, begin_visit(clinic))
    treat(clinic, "bruno", "driss")
    path = f"/consultations/{draft['id']}"
    assert clinic.amina.get(path).status_code == 200
    assert clinic.bruno.get(path).status_code == 404
    assert clinic.driss.get(path).status_code == 404
    assert clinic.bruno.get("/consultations").json()["items"] == []
    assert clinic.driss.get("/consultations").json()["items"] == []
    assert len(clinic.amina.get("/consultations").json()["items"]) == 1


def test_row_15_the_patient_does_not_see_the_private_parts(clinic: Clinic) -> None:
    done = completed(clinic)
    seen = clinic.driss.get(f"/consultations/{done['id']}").json()
    assert (seen["examination"], seen["additionalNotes"]) == (None, None)
    assert sorted(seen["hidden"]) == ["additionalNotes", "examination"]
    assert seen["diagnosis"] == "Bronchitis"


def test_unless_they_are_shared(clinic: Clinic) -> None:
    done = completed(clinic, sharedWithPatient=True)
    seen = clinic.driss.get(f"/consultations/{done['id']}").json()
    assert seen["examination"] == "Crackles on the left"
    assert seen["additionalNotes"] == "Worried about work"


def test_who_treats_sees_all_but_the_authors_own_notes(clinic: Clinic) -> None:
    done = completed(clinic)
    treat(clinic, "bruno", "driss")
    seen = clinic.bruno.get(f"/consultations/{done['id']}").json()
    assert seen["examination"] == "Crackles on the left"
    assert seen["additionalNotes"] is None


def test_an_assistant_needs_the_scope(clinic: Clinic) -> None:
    done = completed(clinic)
    assert clinic.chloe.get(f"/consultations/{done['id']}").status_code == 403
    seen = clinic.look(reader(clinic), service.open_consultation, ConsultationId(done["id"]))
    assert seen.diagnosis == "Bronchitis"


def test_a_list_leaves_one_line_for_each_patient_shown(clinic: Clinic) -> None:
    completed(clinic)
    later(clinic, hours=1)
    write(clinic, begin_visit(clinic, "emma"))
    page = clinic.amina.get("/consultations").json()
    assert [item["patientId"] for item in page["items"]] == [clinic.ids["emma"], clinic.ids["driss"]]
    lines = clinic.audit("consultation.accessed")
    assert {line["patient_id"] for line in lines} == {clinic.ids["driss"], clinic.ids["emma"]}
    assert {line["detail"]["accessType"] for line in lines} == {"list"}


def test_a_list_goes_on_where_it_ended(clinic: Clinic) -> None:
    for _ in range(3):
        completed(clinic)
        later(clinic, hours=1)
    seen: list[str] = []
    cursor = None
    while True:
        page = clinic.driss.get("/consultations", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 3
    assert clinic.driss.get("/consultations", params={"cursor": "nonsense"}).status_code == 400


def test_the_timeline_has_visits_and_prescriptions_in_one_order(clinic: Clinic) -> None:
    done = completed(clinic)
    later(clinic, minutes=5)
    line = {"name": "Amoxicillin", "dosage": "1 g", "form": "tablet", "frequency": "3 a day", "duration": "7 days"}
    clinic.amina.post("/prescriptions", json={"consultationId": done["id"], "lines": [line]})
    path = f"/patients/{clinic.ids['driss']}/timeline"
    page = clinic.driss.get(path).json()
    assert [item["kind"] for item in page["items"]] == ["prescription", "consultation"]
    first = clinic.driss.get(path, params={"limit": 1}).json()
    second = clinic.driss.get(path, params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert [item["kind"] for item in (*first["items"], *second["items"])] == ["prescription", "consultation"]
    assert second["nextCursor"] is None


def test_row_14_a_stranger(clinic: Clinic) -> None:
    done = completed(clinic)
    lists = [f"/patients/{clinic.ids['driss']}/{name}" for name in ("consultations", "timeline", "prescriptions")]
    for path in (f"/consultations/{done['id']}", *lists):
        assert clinic.bruno.get(path).status_code == 404, path
        assert clinic.emma.get(path).status_code == 404, path
        for person in (clinic.farid, clinic.gwen, clinic.chloe):
            assert person.get(path).status_code == 403, path
        assert clinic.anonymous.get(path).status_code == 401, path
        assert clinic.amina.get(path).status_code == 200, path
