"""Guardians and dependants, consents, contacts and insurances (SPEC PE-05, PE-06, PE-08, PE-19, row 47)."""

from typing import Any

import pytest

from esante.people import service as people
from tests.records.visit import later

CHILD = {"firstName": "Léo", "lastName": "Dubois", "birthDate": "2019-01-01"}
TEXT = {
    "kind": "data_processing",
    "textVersion": "2026-1",
    "text": "We keep your record for ten years.",
    "language": "en",
}


def add(clinic: Any, person: str = "emma", who: str = "emma", **more: Any) -> Any:
    return getattr(clinic, person).post(f"/patients/{clinic.ids[who]}/dependants", json=CHILD | more)


def child_of(clinic: Any, **more: Any) -> str:
    answer = add(clinic, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def consent(clinic: Any, patient_id: str, person: str = "chloe", **more: Any) -> Any:
    return getattr(clinic, person).post(f"/patients/{patient_id}/consents", json=TEXT | more)


def guardianship(clinic: Any, patient_id: str, person: str = "chloe") -> Any:
    return consent(clinic, patient_id, person, kind="guardianship", guardianId=clinic.ids["emma"])


# -------------------------------------------------------------------------------- dependants


def test_it_works(clinic: Any) -> None:
    made = add(clinic)
    assert made.status_code == 201, made.text
    child = made.json()
    assert (child["guardianId"], child["source"]) == (clinic.ids["emma"], "self")
    assert clinic.emma.get(f"/patients/{child['id']}").status_code == 200
    listed = clinic.emma.get(f"/patients/{clinic.ids['emma']}/dependants").json()["items"]
    assert [(one["id"], one["actsFor"]) for one in listed] == [(child["id"], True)]
    assert clinic.read(clinic.actor("emma"), people.acts_for) == [clinic.ids["emma"], child["id"]]


def test_row_47_a_dependant_needs_no_number_of_its_own(clinic: Any) -> None:
    """Duplicate mobile 409; dependants allowed."""
    mine = {"mobileNumber": "0639985555"}
    assert clinic.emma.patch("/users/profile", json=mine, headers={"if-match": '"1"'}).status_code == 200
    answer = clinic.chloe.post("/patients", json={"firstName": "Léo", "lastName": "Dubois", **mine})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "MOBILE_TAKEN")
    assert answer.json()["error"]["extra"] == {"patientId": clinic.ids["emma"]}
    assert add(clinic, "chloe").status_code == 201
    assert add(clinic, firstName="Mia").status_code == 201


def test_the_guardian_acts_until_18(clinic: Any) -> None:
    child = child_of(clinic, birthDate="2008-11-17")
    assert clinic.emma.get(f"/patients/{child}").status_code == 200
    later(clinic, days=1)  # the 18th birthday
    assert clinic.emma.get(f"/patients/{child}").status_code == 404
    assert clinic.read(clinic.actor("emma"), people.acts_for) == [clinic.ids["emma"]]
    listed = clinic.emma.get(f"/patients/{clinic.ids['emma']}/dependants").json()["items"]
    assert [one["actsFor"] for one in listed] == [False]


def test_after_18_by_consent_until_it_is_revoked(clinic: Any) -> None:
    child = child_of(clinic, birthDate="2008-11-17")
    later(clinic, days=1)
    given = guardianship(clinic, child)
    assert given.status_code == 201, given.text
    assert clinic.emma.get(f"/patients/{child}").status_code == 200
    revoked = clinic.chloe.post(f"/patients/{child}/consents/{given.json()['id']}/revoke")
    assert revoked.json()["revokedBy"] == clinic.accounts["chloe"]
    assert clinic.emma.get(f"/patients/{child}").status_code == 404


def test_the_guardian_does_not_prolong_himself(clinic: Any) -> None:
    child = child_of(clinic, birthDate="2008-11-17")
    assert guardianship(clinic, child, "emma").status_code == 403
    other = consent(clinic, child, kind="guardianship", guardianId=clinic.ids["driss"])
    assert other.json()["error"]["details"][0]["field"] == "guardianId"


def test_on_the_29th_of_february_who_was_born_on_the_28th_is_of_age(clinic: Any) -> None:
    grown, child = (child_of(clinic, firstName=name, birthDate=born) for name, born in
                    (("Ada", "2010-02-28"), ("Bo", "2010-03-01")))  # fmt: skip
    later(clinic, days=470)
    assert clinic.clock.now().date().isoformat() == "2028-02-29"
    assert [clinic.emma.get(f"/patients/{one}").status_code for one in (grown, child)] == [404, 200]


def test_somebody_of_age_is_no_new_dependant(clinic: Any) -> None:
    answer = add(clinic, birthDate="2008-11-16")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "OF_AGE")
    assert add(clinic, "chloe", birthDate="1950-01-01").status_code == 201


def test_a_guardian_is_of_age_and_has_no_guardian(clinic: Any) -> None:
    child = child_of(clinic)
    assert clinic.chloe.post(f"/patients/{child}/dependants", json=CHILD | {"firstName": "X"}).status_code == 400
    clinic.tamper("UPDATE patient SET birth_date = '2010-01-01' WHERE id = ?", clinic.ids["driss"])
    assert add(clinic, "driss", "driss").status_code == 403


def test_twenty_and_no_more(clinic: Any) -> None:
    for number in range(20):
        child_of(clinic, firstName=f"N{number}")
    assert add(clinic, firstName="Y").json()["error"]["code"] == "TOO_MANY_DEPENDANTS"


def test_strangers_add_and_see_nobody(clinic: Any) -> None:
    assert add(clinic, "driss").status_code == 404
    assert add(clinic, "farid").status_code == 403
    assert add(clinic, "anonymous").status_code == 401
    child = child_of(clinic)
    for path in ("dependants", "consents", "contacts", "insurances"):
        assert clinic.driss.get(f"/patients/{child}/{path}").status_code == 404
        assert clinic.amina.get(f"/patients/{child}/{path}").status_code == 404
        assert clinic.farid.get(f"/patients/{child}/{path}").status_code == 403


# ---------------------------------------------------------------------------------- consents


def test_a_consent_is_dated_versioned_and_says_who_recorded_it(clinic: Any) -> None:
    emma = clinic.ids["emma"]
    given = consent(clinic, emma, givenOn="2026-11-01").json()
    assert (given["textVersion"], given["text"], given["givenOn"]) == ("2026-1", TEXT["text"], "2026-11-01")
    assert (given["recordedBy"], given["recordedRole"], given["revokedAt"]) == (
        clinic.accounts["chloe"],
        "assistant",
        None,
    )
    own = consent(clinic, emma, "emma", kind="marketing").json()
    assert (own["recordedRole"], own["givenOn"]) == ("patient", "2026-11-16")
    shown = clinic.emma.get(f"/patients/{emma}/consents").json()["items"]
    assert [one["kind"] for one in shown] == ["marketing", "data_processing"]
    line = clinic.audit("consent.given")[0]
    assert (line["patient_id"], line["detail"]) == (emma, {"kind": "data_processing", "textVersion": "2026-1"})


def test_a_revoked_consent_stays_on_record(clinic: Any) -> None:
    emma = clinic.ids["emma"]
    given = consent(clinic, emma).json()["id"]
    assert clinic.emma.post(f"/patients/{emma}/consents/{given}/revoke").status_code == 200
    again = clinic.emma.post(f"/patients/{emma}/consents/{given}/revoke")
    assert again.json()["error"]["code"] == "WRONG_STATE"
    assert len(clinic.emma.get(f"/patients/{emma}/consents").json()["items"]) == 1
    assert clinic.audit("consent.revoked")[0]["severity"] == "warning"
    with pytest.raises(Exception, match="never changed"):
        clinic.tamper("UPDATE patient_consent SET text = 'else'")
    with pytest.raises(Exception, match="never removed"):
        clinic.tamper("DELETE FROM patient_consent")


@pytest.mark.parametrize(
    "more",
    [
        {"givenOn": "2026-11-17"},
        {"kind": "x"},
        {"text": ""},
        {"recordedBy": "x"},
        {"kind": "guardianship"},
        {"guardianId": "x"},
    ],
)
def test_what_breaks_a_rule_is_refused(clinic: Any, more: dict[str, Any]) -> None:
    assert consent(clinic, clinic.ids["emma"], **more).status_code == 400


def test_a_stranger_gives_and_revokes_nothing(clinic: Any) -> None:
    given = consent(clinic, clinic.ids["emma"]).json()["id"]
    assert consent(clinic, clinic.ids["emma"], "driss").status_code == 404
    assert clinic.driss.post(f"/patients/{clinic.ids['emma']}/consents/{given}/revoke").status_code == 404
    assert clinic.driss.post(f"/patients/{clinic.ids['driss']}/consents/{given}/revoke").status_code == 404


# --------------------------------------------------------------------- contacts and insurances


def test_the_first_contact_is_the_primary_one(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['emma']}/contacts"
    clinic.emma.post(path, json={"name": "Paul", "phone": "0639985555", "relationship": "father"})
    added = clinic.chloe.post(path, json={"name": "Rose", "phone": "0639985556"})
    assert added.status_code == 201, added.text
    shown = [(one["name"], one["isPrimary"]) for one in clinic.emma.get(path).json()["items"]]
    assert shown == [("Paul", True), ("Rose", False)]
    turned = [{"name": "Rose", "phone": "0639985556"}, {"name": "Paul", "phone": "0639985555"}]
    assert clinic.emma.put(path, json=turned, headers={"if-match": '"1"'}).status_code == 412
    assert clinic.emma.put(path, json=turned, headers={"if-match": '"3"'}).status_code == 200
    assert clinic.emma.get(path).json()["items"][0]["name"] == "Rose"
    assert clinic.emma.put(path, json=turned * 6, headers={"if-match": '"4"'}).status_code == 400


def test_an_insurance_that_has_run_out_is_flagged(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['emma']}/insurances"
    for number, valid_to in enumerate(("2026-11-15", "2026-11-16", None)):
        made = clinic.chloe.post(path, json={"provider": "CPAM", "policyNumber": str(number), "validTo": valid_to})
        assert made.status_code == 201, made.text
    assert [one["isExpired"] for one in clinic.emma.get(path).json()["items"]] == [True, False, False]
    one = [{"provider": "CPAM", "policyNumber": "1", "validTo": "2020-01-01"}]
    assert clinic.emma.put(path, json=one, headers={"if-match": '"4"'}).status_code == 200
    assert clinic.emma.get(path).json()["items"][0]["isExpired"]
