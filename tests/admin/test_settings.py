"""The clinic's settings: the face that everybody sees, changes within bounds, history (SPEC SE-01, SE-03, SE-04, SE-06)."""

from typing import Any

import pytest

from tests.conftest import Clinic
from tests.workplaces.desk import newcomer


def put(clinic: Clinic, key: str, value: Any, version: int = 0) -> Any:
    return clinic.gwen.put(f"/settings/{key}", json={"value": value}, headers={"if-match": f'"{version}"'})


def test_it_works(clinic: Clinic) -> None:
    before = clinic.gwen.get("/settings/patientCancelHours")
    assert (before.json()["value"], before.headers["etag"]) == (2, '"0"')
    changed = put(clinic, "patientCancelHours", 24)
    assert (changed.status_code, changed.json()["value"], changed.json()["version"]) == (200, 24, 1)
    assert changed.headers["etag"] == '"1"'
    assert clinic.db.settings.patient_cancel_hours == 24, "in force at once"
    line = clinic.audit("settings.changed")[0]
    assert (line["subject"], line["actor"], line["severity"]) == (
        "patientCancelHours", clinic.accounts["gwen"], "warning",
    )  # fmt: skip
    assert (line["detail"]["old"], line["detail"]["new"]) == (2, 24)


def test_everybody_sees_the_face_and_admins_all(clinic: Clinic) -> None:
    for person in (clinic.anonymous, clinic.driss, clinic.amina, clinic.chloe, clinic.farid):
        face = person.get("/settings").json()
        assert (face["timeZone"], face["currency"], face["currencyExponent"]) == ("Europe/Paris", "EUR", 2)
        assert face["features"]["kiosk"] is False
        assert face["features"].keys() == {"pharmacy", "dental", "escrow", "publicBooking", "kiosk"}
        assert face["logoUrl"] is None
        assert "settings" not in face
    shown = {one["key"]: one for one in clinic.gwen.get("/settings").json()["settings"]}
    assert shown["invitationDays"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 30}
    assert "answer an invitation" in shown["invitationDays"]["description"]


def test_a_feature_is_turned_on(clinic: Clinic) -> None:
    assert put(clinic, "featurePharmacy", True).status_code == 200
    assert clinic.anonymous.get("/settings").json()["features"]["pharmacy"] is True


def test_history_keeps_what_was(clinic: Clinic) -> None:
    put(clinic, "clinicName", "House of Health")
    put(clinic, "clinicName", "Maison de santé", version=1)
    kept = clinic.gwen.get("/settings/clinicName/history").json()["items"]
    assert [(one["old"], one["new"], one["version"]) for one in kept] == [
        ("House of Health", "Maison de santé", 2),
        ("esante", "House of Health", 1),
    ]
    assert {one["changedBy"] for one in kept} == {clinic.accounts["gwen"]}


def test_the_other_admins_are_told(clinic: Clinic) -> None:
    newcomer(clinic, "hana", role="admin")
    put(clinic, "patientCancelHours", 24)
    clinic.run_jobs()
    told = {
        name: [one["kind"] for one in clinic.notifications(name) if one["kind"] == "setting_changed"]
        for name in clinic.accounts
    }
    assert {name for name, kinds in told.items() if kinds} == {"hana"}


def test_a_stale_version_is_refused(clinic: Clinic) -> None:
    put(clinic, "clinicName", "One")
    stale = put(clinic, "clinicName", "Two")
    assert (stale.status_code, stale.json()["error"]["extra"]["version"]) == (412, 1)
    assert clinic.gwen.put("/settings/clinicName", json={"value": "Three"}).status_code == 428


def test_the_same_value_changes_nothing(clinic: Clinic) -> None:
    assert put(clinic, "patientCancelHours", 2).json()["version"] == 0
    assert clinic.audit("settings.changed") == []


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("patientCancelHours", 73, ("0", "72")),
        ("patientCancelHours", -1, ("0", "72")),
        ("patientCancelHours", "2", ("0", "72")),
        ("patientCancelHours", 2.5, ("0", "72")),
        ("patientCancelHours", True, ("0", "72")),
        ("patientCancelHours", None, ("0", "72")),
        ("language", "de", ("en", "fr")),
        ("patientRegistration", 1, ("true",)),
        ("timeZone", "Europe/Atlantis", ("Europe/Atlantis",)),
        ("timeZone", "../../etc/passwd", ("passwd",)),
        ("country", "ZZ", ("ZZ",)),
        ("country", "France", ()),
        ("currency", "FRF", ("FRF",)),
        ("currency", "XXX", ("XXX",)),
        ("clinicName", "", ()),
        ("clinicName", "   ", ()),
        ("reminderMinutes", [1], ()),
        ("reminderMinutes", [60] * 6, ()),
    ],
)
def test_beyond_the_bounds(clinic: Clinic, key: str, value: Any, words: tuple[str, ...]) -> None:
    refused = clinic.gwen.put(
        f"/settings/{key}", json={"value": value}, headers={"if-match": '"0"', "accept-language": "en"}
    )
    assert refused.status_code == 400, refused.text
    error = refused.json()["error"]
    assert error["details"][0]["field"] == "value"
    assert all(word in error["message"] for word in words), error["message"]
    assert clinic.gwen.get(f"/settings/{key}").json()["version"] == 0


@pytest.mark.parametrize(
    ("key", "value"), [("timeZone", "Africa/Casablanca"), ("country", "TN"), ("currency", "TND"), ("language", "en")]
)
def test_what_exists_is_taken(clinic: Clinic, key: str, value: str) -> None:
    assert put(clinic, key, value).status_code == 200
    assert clinic.anonymous.get("/settings").json()[key] == value


def test_three_decimals(clinic: Clinic) -> None:
    put(clinic, "currency", "TND")
    assert clinic.anonymous.get("/settings").json()["currencyExponent"] == 3


def test_an_unknown_key_names_the_nearest(clinic: Clinic) -> None:
    unknown = put(clinic, "patient_cancel_hour", 3)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "UNKNOWN_SETTING")
    assert unknown.json()["error"]["extra"]["nearest"] == "patientCancelHours"


def test_it_outlives_a_restart(clinic: Clinic) -> None:
    put(clinic, "noShowGraceMinutes", 5)
    clinic.stop()
    clinic.start()
    assert clinic.db.settings.no_show_grace_minutes == 5


def test_row_50_the_logo_is_no_key(clinic: Clinic) -> None:
    assert clinic.anonymous.get("/settings/logo").json()["error"]["code"] == "NOT_FOUND"


def test_strangers(clinic: Clinic) -> None:
    for person in (clinic.amina, clinic.chloe, clinic.driss, clinic.farid):
        assert person.get("/settings/clinicName").status_code == 403
        assert person.get("/settings/clinicName/history").status_code == 403
        assert (
            person.put("/settings/clinicName", json={"value": "Mine"}, headers={"if-match": '"0"'}).status_code == 403
        )
    assert clinic.anonymous.get("/settings/clinicName").status_code == 401
    assert clinic.db.settings.clinic_name == "esante"
