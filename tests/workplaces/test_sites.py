"""Sites that practitioners open, who works there, and closing them (SPEC WA-01 to WA-04; rows 8 and 50)."""

from typing import Any

import apsw
import pytest

from tests.conftest import Clinic
from tests.workplaces.desk import invite, invited, newcomer, respond, site, wait

MORNING = {"weekday": 1, "from": "08:00", "to": "12:00"}


def close(clinic: Clinic, place: str) -> Any:
    return clinic.amina.delete(f"/doctors/workplaces/{place}")


def test_it_works(clinic: Clinic) -> None:
    made = site(
        clinic, clinic.amina, phone="02 99 00 00 00", hours=[MORNING], feeMinor=4000, services=["ECG"],
        insurances=["CPAM"], street="1 rue Haute", city="Rennes", latitude=48.1, website="https://a.example",
    )  # fmt: skip
    assert (made["isOwner"], made["isPrimary"], made["feeMinor"], made["currency"]) == (True, False, 4000, "EUR")
    own = clinic.amina.get("/doctors/workplaces").json()["items"]
    assert [one["isPrimary"] for one in own] == [True, False]
    public = clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}/workplaces").json()["items"]
    assert [one["services"] for one in public] == [[], ["ECG"]]
    changed = clinic.amina.put(
        f"/doctors/workplaces/{made['id']}", json={"name": "Renamed", "kind": "clinic"}, headers={"if-match": '"1"'}
    )
    assert (changed.status_code, changed.json()["name"], changed.json()["services"]) == (200, "Renamed", [])
    assert (
        clinic.amina.put(
            f"/doctors/workplaces/{made['id']}", json={"name": "Again", "kind": "clinic"}, headers={"if-match": '"1"'}
        ).status_code
        == 412
    )


def test_every_verified_doctor_works_at_the_clinics_own_site(clinic: Clinic) -> None:
    members = clinic.driss.get(f"/workplaces/{clinic.made.workplace_id}/doctors").json()["items"]
    assert [(one["lastName"], one["isPrimary"]) for one in members] == [("Benali", True), ("Lefèvre", True)]


@pytest.mark.parametrize(
    ("faulty", "field"),
    [
        ({"phone": "call me"}, "phone"),
        ({"hours": [{"weekday": 1, "from": "12:00", "to": "08:00"}]}, "hours"),
        ({"hours": [MORNING, {"weekday": 1, "from": "11:00", "to": "13:00"}]}, "hours"),
        ({"kind": "palace"}, "kind"),
        ({"feeMinor": -1}, "feeMinor"),
        ({"latitude": 91}, "latitude"),
        ({"ownerId": "me"}, "ownerId"),
        ({"isActive": False}, "isActive"),
    ],
)
def test_what_makes_no_sense_is_refused(clinic: Clinic, faulty: dict[str, Any], field: str) -> None:
    answer = clinic.amina.post("/doctors/workplaces", json={"name": "A", "kind": "clinic"} | faulty)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_member_has_an_own_fee(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina, feeMinor=4000)["id"]
    added = clinic.amina.put(f"/workplaces/{place}/doctors/{clinic.ids['bruno']}", json={"feeMinor": 5000})
    assert (added.status_code, added.json()["feeMinor"]) == (200, 5000)
    own = clinic.bruno.get(f"/doctors/workplaces/{place}").json()
    assert (own["feeMinor"], own["isOwner"]) == (5000, False)
    back = clinic.bruno.put(f"/workplaces/{place}/doctors/{clinic.ids['bruno']}", json={"feeMinor": None})
    assert back.json()["feeMinor"] is None
    assert clinic.bruno.get(f"/doctors/workplaces/{place}").json()["feeMinor"] == 4000


def test_each_doctor_has_one_primary_site(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    path = f"/workplaces/{place}/doctors/{clinic.ids['amina']}"
    assert clinic.amina.put(path, json={"isPrimary": True}).json()["isPrimary"]
    own = clinic.amina.get("/doctors/workplaces").json()["items"]
    assert [one["id"] for one in own if one["isPrimary"]] == [place]
    with pytest.raises(apsw.ConstraintError):
        clinic.tamper("UPDATE workplace_member SET is_primary = 1 WHERE practitioner_id = ?", clinic.ids["amina"])
    assert close(clinic, place).status_code == 200
    own = clinic.amina.get("/doctors/workplaces").json()["items"]
    assert [one["isPrimary"] for one in own] == [True], "the one that is left"


def test_the_owner_stays_and_others_may_go(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    assert clinic.amina.delete(f"/workplaces/{place}/doctors/{clinic.ids['amina']}").status_code == 409
    path = f"/workplaces/{place}/doctors/{clinic.ids['bruno']}"
    clinic.amina.put(path, json={})
    assert clinic.bruno.delete(path).status_code == 204
    assert clinic.bruno.delete(path).status_code in (403, 404)
    assert clinic.amina.put(path, json={}).status_code == 200, "and may come back"


def test_rooms_of_an_own_site(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    room = clinic.amina.post(f"/workplaces/{place}/rooms", json={"name": "1", "kind": "chair"})
    assert room.status_code == 201
    assert clinic.bruno.post(f"/workplaces/{place}/rooms", json={"name": "2"}).status_code == 403


# ------------------------------------------------------------------------------- closing


def test_closing(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    newcomer(clinic)
    open_one = invited(clinic, clinic.amina, place=place)
    closed = close(clinic, place)
    assert (closed.status_code, closed.json()["isActive"]) == (200, False)
    assert close(clinic, place).status_code == 200, "again changes nothing"
    assert place not in {one["id"] for one in clinic.driss.get("/workplaces").json()["items"]}
    assert place not in {one["id"] for one in clinic.amina.get("/doctors/workplaces").json()["items"]}
    assert [line["subject"] for line in clinic.audit("assistant.cancelled")] == [open_one]
    assert clinic.gwen.patch(f"/workplaces/{place}", json={"name": "B"}, headers={"if-match": '"2"'}).status_code == 409
    again = invite(clinic, clinic.gwen, place=place)
    assert (again.status_code, again.json()["error"]["code"]) == (409, "WORKPLACE_CLOSED")


def test_not_while_somebody_assists(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    hugo = newcomer(clinic)
    respond(hugo, invited(clinic, clinic.amina, place=place))
    refused = close(clinic, place)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "IN_USE")
    assert refused.json()["error"]["extra"] == {"assistants": 1, "appointments": 0}
    hugo.post("/assistants/leave", json={"workplaceId": place, "reason": "it closes"})
    assert close(clinic, place).status_code == 200


def test_not_while_somebody_is_expected(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.made.types["consultation"],
        "startsAt": "2026-11-17T10:00:00",
        "patientId": clinic.ids["driss"],
    }
    booked = clinic.chloe.post("/appointments", json=wish).json()["id"]
    clinic.tamper("UPDATE appointment SET workplace_id = ? WHERE id = ?", place, booked)
    refused = close(clinic, place)
    assert refused.json()["error"]["extra"] == {"assistants": 0, "appointments": 1}
    assert clinic.audit("workplace.closing") == []
    wait(clinic, days=2)
    assert close(clinic, place).status_code == 200, "past ones hold nobody back"


def test_the_clinics_own_site_is_not_closed(clinic: Clinic) -> None:
    answer = clinic.gwen.delete(f"/workplaces/{clinic.made.workplace_id}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "OWN_WORKPLACE")


def test_strangers(clinic: Clinic) -> None:
    place = site(clinic, clinic.amina)["id"]
    whole = {"json": {"name": "Mine", "kind": "clinic"}, "headers": {"if-match": '"1"'}}
    assert clinic.bruno.put(f"/doctors/workplaces/{place}", **whole).status_code == 404
    assert clinic.bruno.delete(f"/doctors/workplaces/{place}").status_code == 403
    assert clinic.bruno.put(f"/workplaces/{place}/doctors/{clinic.ids['bruno']}", json={}).status_code == 403
    assert clinic.bruno.put(f"/doctors/workplaces/{clinic.made.workplace_id}", **whole).status_code == 403, (
        "a member is no owner"
    )
    for person in (clinic.chloe, clinic.driss, clinic.farid, clinic.gwen):
        assert person.post("/doctors/workplaces", json={"name": "Mine", "kind": "clinic"}).status_code == 403
        assert person.get("/doctors/workplaces").status_code == 403
    assert clinic.driss.post("/workplaces", json={"name": "Mine", "kind": "clinic"}).status_code == 403
    assert clinic.gwen.post("/workplaces", json={"name": "Annex", "kind": "clinic"}).status_code == 201
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['driss']}/workplaces").status_code == 404


def test_row_50_literal_routes_are_not_shadowed(clinic: Clinic) -> None:
    for path in ("/doctors/workplaces", "/doctors/assistants", "/doctors/invitations"):
        answer = clinic.amina.get(path)
        assert answer.status_code == 200, f"{path}: {answer.text}"
        assert "items" in answer.json()


def test_without_public_booking_strangers_sign_in_first(clinic: Clinic) -> None:
    path = f"/doctors/{clinic.ids['amina']}/workplaces"
    put = clinic.gwen.put("/settings/featurePublicBooking", json={"value": False}, headers={"if-match": '"0"'})
    assert put.status_code == 200
    assert clinic.anonymous.get(path).status_code == 401
    assert clinic.driss.get(path).status_code == 200
