"""Finding a doctor, and the admin who approves one (SPEC R29, PE-09 to PE-11, rows 42, 43 and 50)."""

from typing import Any

import pytest

WHY = {"reason": "the licence is a copy of another one"}
PROFILE = {
    "title": "Dr",
    "firstName": "Amina",
    "lastName": "Benali",
    "specialty": "General practice",
    "licenceNumber": "DEMO-amina",
    "licenceAuthority": "Demo Medical Council",
    "languages": ["fr", "ar"],
    "city": "Rennes",
    "feeMinor": 2500,
}


def found(clinic: Any, **params: Any) -> list[str]:
    answer = clinic.anonymous.get("/doctors", params=params)
    assert answer.status_code == 200, answer.text
    return [one["lastName"] for one in answer.json()["items"]]


def version(person: Any) -> dict[str, str]:
    return {"if-match": person.get("/doctors/profile").headers["etag"]}


def decide(clinic: Any, verb: str, person: str = "amina", body: Any = None) -> Any:
    return clinic.gwen.post(f"/doctors/{clinic.ids[person]}/{verb}", json=body)


def test_it_works(clinic: Any) -> None:
    assert found(clinic) == ["Benali", "Lefèvre"]
    one = clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").json()
    assert (one["city"], one["feeMinor"], one["currency"]) == ("Rennes", 3000, "EUR")


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"name": "lefevre"}, ["Lefèvre"]),
        ({"name": "ben"}, ["Benali"]),
        ({"name": "%"}, []),
        ({"specialty": "DENT"}, ["Lefèvre"]),
        ({"city": "rennes"}, ["Benali", "Lefèvre"]),
        ({"city": "Paris"}, []),
        ({"language": "en"}, ["Benali", "Lefèvre"]),
        ({"language": "de"}, []),
        ({"fee": 3000}, ["Benali", "Lefèvre"]),
        ({"fee": 2999}, []),
    ],
)
def test_by_name_specialty_city_language_and_fee(clinic: Any, params: dict[str, Any], names: list[str]) -> None:
    assert found(clinic, **params) == names


def test_page_by_page(clinic: Any) -> None:
    first = clinic.anonymous.get("/doctors", params={"limit": 1}).json()
    second = clinic.anonymous.get("/doctors", params={"limit": 1, "cursor": first["nextCursor"]}).json()
    assert [one["items"][0]["lastName"] for one in (first, second)] == ["Benali", "Lefèvre"]
    assert second["nextCursor"] is None


def test_specialties_are_counted(clinic: Any) -> None:
    found = clinic.anonymous.get("/specialties").json()["items"]
    assert found == [{"specialty": "dentistry", "doctors": 1}, {"specialty": "general practice", "doctors": 1}]


def test_licence_and_private_address_are_never_public(clinic: Any) -> None:
    """Row 42."""
    text = clinic.anonymous.get("/doctors").text + clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").text
    for secret in ("DEMO-amina", "licence", "@demo.esante.example", "mobile"):
        assert secret not in text


def test_only_the_approved_are_found(clinic: Any) -> None:
    decide(clinic, "suspend", body=WHY)
    assert found(clinic) == ["Lefèvre"]
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").status_code == 404
    assert len(clinic.anonymous.get("/specialties").json()["items"]) == 1
    decide(clinic, "approve")
    assert found(clinic) == ["Benali", "Lefèvre"]


def test_literal_routes_are_not_shadowed(clinic: Any) -> None:
    """Row 50."""
    assert clinic.amina.get("/doctors/profile").json()["licenceNumber"] == "DEMO-amina"
    assert clinic.gwen.get("/doctors/pending").json()["items"] == []


def test_a_changed_licence_goes_back_to_the_admin(clinic: Any) -> None:
    """Row 43."""
    headers = version(clinic.amina)
    answer = clinic.amina.put("/doctors/profile", json=PROFILE | {"licenceNumber": "NEW-1"}, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    assert found(clinic) == ["Lefèvre"]
    waiting = clinic.gwen.get("/doctors/pending").json()["items"]
    assert [one["practitioner"]["licenceNumber"] for one in waiting] == ["NEW-1"]
    assert decide(clinic, "approve").json()["status"] == "approved"
    assert found(clinic) == ["Benali", "Lefèvre"]


def test_any_other_change_keeps_the_approval(clinic: Any) -> None:
    answer = clinic.amina.put("/doctors/profile", json=PROFILE, headers=version(clinic.amina))
    assert (answer.status_code, answer.json()["status"]) == (200, "approved")
    assert clinic.audit("doctor.updated")[-1]["detail"]["fields"] == ["fee_minor", "languages", "specialty"]
    answer = clinic.amina.patch("/users/profile", json={"city": "Paris"}, headers=version(clinic.amina))
    assert answer.json()["city"] == "Paris"


def test_a_rejected_doctor_submits_again_by_mending_the_profile(clinic: Any) -> None:
    clinic.amina.patch("/doctors/profile", json={"licenceNumber": "NEW-1"}, headers=version(clinic.amina))
    assert decide(clinic, "reject", body=WHY).json()["status"] == "rejected"
    answer = clinic.amina.patch("/doctors/profile", json={"licenceNumber": "NEW-2"}, headers=version(clinic.amina))
    assert answer.json()["status"] == "pending"
    history = clinic.gwen.get("/doctors/pending").json()["items"][0]["decisions"]
    assert [one["decision"] for one in history] == ["approved", "submitted", "rejected", "submitted"]
    assert history[2]["reason"] == WHY["reason"]
    assert history[2]["decidedBy"] == clinic.accounts["gwen"]


def test_a_suspended_doctor_does_not_lift_it_by_an_edit(clinic: Any) -> None:
    decide(clinic, "suspend", body=WHY)
    answer = clinic.amina.patch("/doctors/profile", json={"licenceNumber": "NEW-1"}, headers=version(clinic.amina))
    assert answer.json()["status"] == "suspended"


def test_reject_and_suspend_need_a_reason(clinic: Any) -> None:
    for verb in ("reject", "suspend"):
        assert decide(clinic, verb, body={"reason": "no"}).status_code == 400
        assert decide(clinic, verb, body={}).status_code == 400


def test_a_wrong_state_is_told_with_what_is_possible(clinic: Any) -> None:
    answer = decide(clinic, "approve")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "WRONG_STATE")
    assert answer.json()["error"]["extra"] == {"state": "approved", "possible": ["suspend"]}
    assert decide(clinic, "reject", body=WHY).status_code == 409


def test_a_licence_belongs_to_one(clinic: Any) -> None:
    answer = clinic.bruno.patch("/doctors/profile", json={"licenceNumber": "DEMO-amina"}, headers=version(clinic.bruno))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "LICENCE_TAKEN")


def test_nobody_verifies_himself(clinic: Any) -> None:
    """Row 8."""
    for field in ({"status": "approved"}, {"active": True}, {"rating": 5}, {"email": "x@example.org"}):
        answer = clinic.amina.patch("/doctors/profile", json=field, headers=version(clinic.amina))
        assert answer.status_code == 400


def test_only_an_admin_decides(clinic: Any) -> None:
    path = f"/doctors/{clinic.ids['amina']}"
    for person in (clinic.amina, clinic.bruno, clinic.chloe, clinic.driss, clinic.farid):
        assert person.post(f"{path}/approve").status_code == 403
        assert person.post(f"{path}/suspend", json=WHY).status_code == 403
        assert person.get("/doctors/pending").status_code == 403
    assert clinic.anonymous.post(f"{path}/approve").status_code == 401
    assert clinic.gwen.post("/doctors/nobody/approve").status_code == 404
    assert clinic.driss.get("/doctors/profile").status_code == 403


def test_a_clinic_may_show_its_doctors_to_people_who_are_signed_in_only(clinic: Any) -> None:
    off = clinic.gwen.put("/settings/featurePublicBooking", json={"value": False}, headers={"if-match": '"0"'})
    assert off.status_code == 200
    for path in ("/doctors", f"/doctors/{clinic.ids['amina']}", "/specialties"):
        assert clinic.anonymous.get(path).status_code == 401
        assert clinic.driss.get(path).status_code == 200
