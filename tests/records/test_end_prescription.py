"""The lock is announced once; after it the status still moves."""

from tests.conftest import Clinic
from tests.records.visit import LINE, code, later, match, prescribed


def test_it_works(clinic: Clinic) -> None:
    made = prescribed(clinic)
    later(clinic, minutes=61)
    clinic.run_jobs()
    (line,) = clinic.audit("prescription.locked")
    assert (line["role"], line["subject"], line["patient_id"]) == ("system", made["id"], clinic.ids["driss"])


def test_it_is_announced_exactly_once_and_not_before(clinic: Clinic) -> None:
    prescribed(clinic)
    later(clinic, minutes=59)
    clinic.run_jobs()
    assert clinic.audit("prescription.locked") == []
    later(clinic, minutes=1)
    for _ in range(3):
        clinic.run_jobs()
    assert len(clinic.audit("prescription.locked")) == 1


def test_row_17_the_lock_does_not_wait_for_the_job(clinic: Clinic) -> None:
    made = prescribed(clinic)
    later(clinic, minutes=60)
    refused = clinic.amina.patch(f"/prescriptions/{made['id']}", json={"generalNote": "x"}, headers=match(made))
    assert refused.status_code == 423


def test_its_author_may_lock_it_before(clinic: Clinic) -> None:
    made = prescribed(clinic)
    locked = clinic.amina.post(f"/prescriptions/{made['id']}/lock")
    assert (locked.status_code, locked.json()["isLocked"]) == (200, True)
    again = clinic.amina.post(f"/prescriptions/{made['id']}/lock")
    assert again.json()["version"] == locked.json()["version"]
    changed = clinic.amina.patch(
        f"/prescriptions/{made['id']}", json={"generalNote": "x"}, headers=match(locked.json())
    )
    assert code(changed) == (423, "PRESCRIPTION_LOCKED")
    later(clinic, hours=2)
    clinic.run_jobs()
    (line,) = clinic.audit("prescription.locked")
    assert line["actor"] == clinic.accounts["amina"]


def test_row_17_after_the_lock_it_is_completed(clinic: Clinic) -> None:
    made = prescribed(clinic)
    later(clinic, hours=2)
    done = clinic.amina.post(f"/prescriptions/{made['id']}/complete")
    assert (done.status_code, done.json()["status"]) == (200, "completed")
    again = clinic.amina.post(f"/prescriptions/{made['id']}/cancel", json={"reason": "Rash"})
    assert code(again) == (409, "WRONG_STATE")


def test_cancelling_needs_a_reason(clinic: Clinic) -> None:
    made = prescribed(clinic)
    assert clinic.amina.post(f"/prescriptions/{made['id']}/cancel", json={}).status_code == 400
    done = clinic.amina.post(f"/prescriptions/{made['id']}/cancel", json={"reason": "Rash"})
    assert (done.json()["status"], done.json()["statusReason"]) == ("cancelled", "Rash")
    (line,) = clinic.audit("prescription.cancelled")
    assert (line["severity"], line["reason"]) == ("warning", "Rash")
    assert code(clinic.amina.post(f"/prescriptions/{made['id']}/complete")) == (409, "WRONG_STATE")


def test_a_locked_one_is_superseded(clinic: Clinic) -> None:
    made = prescribed(clinic)
    later(clinic, hours=2)
    new = clinic.amina.post(
        f"/prescriptions/{made['id']}/supersede", json={"lines": [LINE | {"dosage": "500 mg"}], "reason": "Too much"}
    )
    assert new.status_code == 201
    assert (new.json()["number"], new.json()["status"], new.json()["isLocked"]) == (2, "active", False)
    old = clinic.amina.get(f"/prescriptions/{made['id']}").json()
    assert (old["status"], old["supersededBy"]) == ("superseded", new.json()["id"])
    assert [line["dosage"] for line in old["lines"]] == ["1 g"] * 3
    again = clinic.amina.post(f"/prescriptions/{made['id']}/supersede", json={"lines": [LINE]})
    assert code(again) == (409, "WRONG_STATE")


def test_it_expires_by_its_longest_line(clinic: Clinic) -> None:
    made = prescribed(clinic)
    later(clinic, days=14)
    assert clinic.driss.get(f"/prescriptions/{made['id']}").json()["isExpired"] is False
    later(clinic, days=1)
    assert clinic.driss.get(f"/prescriptions/{made['id']}").json()["isExpired"] is True
    assert clinic.driss.get("/prescriptions", params={"running": True}).json()["items"] == []


def test_a_stranger(clinic: Clinic) -> None:
    made = prescribed(clinic)
    bodies = {"lock": None, "complete": None, "cancel": {"reason": "x"}, "supersede": {"lines": [LINE]}}
    for verb, body in bodies.items():
        path = f"/prescriptions/{made['id']}/{verb}"
        assert clinic.bruno.post(path, json=body).status_code == 404, verb
        assert clinic.driss.post(path, json=body).status_code == 403, verb
        assert clinic.anonymous.post(path, json=body).status_code == 401, verb
