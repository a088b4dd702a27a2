"""Changing a patient (row 16): the fields that are sent, against the version that was read; what it said before is kept."""

from typing import Any

import msgspec


def change(person: Any, clinic: Any, version: int = 1, who: str = "driss", **fields: Any) -> Any:
    return person.patch(f"/patients/{clinic.ids[who]}", json=fields, headers={"if-match": f'"{version}"'})


def test_it_works(clinic: Any) -> None:
    answer = change(clinic.driss, clinic, nationality="MA", medicalHistory="appendix 2001")
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] == '"2"'
    assert answer.json()["lastName"] == "El Fassi"
    line = clinic.audit("user.profile_updated")[-1]
    assert line["detail"]["fields"] == ["medical_history", "nationality"]
    assert "appendix" not in str(line)


def test_what_it_said_before_is_kept(clinic: Any) -> None:
    change(clinic.driss, clinic, lastName="Elfassi")
    kept = clinic.rows("SELECT * FROM patient_version WHERE patient_id = ?", clinic.ids["driss"])
    assert [one["version"] for one in kept] == [1]
    assert msgspec.json.decode(kept[0]["body"])["lastName"] == "El Fassi"
    assert kept[0]["replaced_by"] == clinic.accounts["driss"]


def test_one_field_keeps_the_others_and_null_empties_it(clinic: Any) -> None:
    change(clinic.driss, clinic, nationality="MA", bloodType="A+")
    assert change(clinic.driss, clinic, 2, nationality=None).json()["bloodType"] == "A+"


def test_an_old_version_is_412_and_none_428(clinic: Any) -> None:
    change(clinic.driss, clinic, nationality="MA")
    assert change(clinic.driss, clinic, nationality="FR").status_code == 412
    assert clinic.driss.patch(f"/patients/{clinic.ids['driss']}", json={}).status_code == 428


def test_nothing_changed_is_no_new_version(clinic: Any) -> None:
    assert change(clinic.driss, clinic, lastName="El Fassi").headers["etag"] == '"1"'
    assert clinic.audit("user.profile_updated") == []


def test_a_number_of_somebody_else_is_409_and_a_patient_learns_no_id(clinic: Any) -> None:
    change(clinic.driss, clinic, mobileNumber="0639980001")
    answer = change(clinic.emma, clinic, who="emma", mobileNumber="+33 639 980 001")
    assert answer.json()["error"]["code"] == "MOBILE_TAKEN"
    assert answer.json()["error"].get("extra", {}) == {}


def test_a_patient_names_no_guardian(clinic: Any) -> None:
    assert change(clinic.driss, clinic, guardianId=clinic.ids["emma"]).status_code == 403
    assert change(clinic.gwen, clinic, guardianId=clinic.ids["emma"]).status_code == 200


def test_a_whole_record_replaces_the_whole_record(clinic: Any) -> None:
    change(clinic.gwen, clinic, nationality="MA")
    body = {"firstName": "Driss", "lastName": "El Fassi", "birthDate": "1984-05-17", "gender": "male"}
    answer = clinic.driss.put(f"/patients/{clinic.ids['driss']}", json=body, headers={"if-match": '"2"'})
    assert answer.status_code == 200, answer.text
    assert answer.json()["nationality"] is None


def test_a_whole_record_from_the_desk_wipes_out_nothing_that_the_desk_does_not_see(clinic: Any) -> None:
    change(clinic.driss, clinic, bloodType="A+")
    body = {"firstName": "Driss", "lastName": "El Fassi"}
    path = f"/patients/{clinic.ids['driss']}"
    assert clinic.chloe.put(path, json=body, headers={"if-match": '"2"'}).status_code == 200
    assert clinic.driss.get(path).json()["bloodType"] == "A+"


def test_the_own_profile(clinic: Any) -> None:
    answer = clinic.driss.patch("/users/profile", json={"nationality": "MA"}, headers={"if-match": '"1"'})
    assert answer.status_code == 200, answer.text
    assert clinic.driss.get("/auth/profile").json()["nationality"] == "MA"
    wrong = clinic.driss.patch("/users/profile", json={"status": "approved"}, headers={"if-match": '"2"'})
    assert wrong.json()["error"]["details"][0]["field"] == "status"
    assert clinic.farid.get("/users/profile").status_code == 403


def test_archived_it_is_out_of_the_lists_and_fixed(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['emma']}"
    assert clinic.chloe.delete(path).status_code == 204
    assert clinic.chloe.delete(path).status_code == 409
    assert [one["lastName"] for one in clinic.chloe.get("/patients").json()["items"]] == ["El Fassi"]
    assert clinic.gwen.get(path).json()["archivedAt"]
    assert change(clinic.gwen, clinic, 2, who="emma", nationality="FR").status_code == 409
    assert clinic.audit("patient.archived")[-1]["severity"] == "warning"


def test_strangers(clinic: Any) -> None:
    assert change(clinic.emma, clinic, nationality="FR").status_code == 404
    assert change(clinic.amina, clinic, nationality="FR").status_code == 404
    assert change(clinic.farid, clinic, nationality="FR").status_code == 403
    assert change(clinic.anonymous, clinic, nationality="FR").status_code == 401
    for person in (clinic.driss, clinic.amina, clinic.farid):
        assert person.delete(f"/patients/{clinic.ids['driss']}").status_code == 403
