"""What each account has set for itself (SPEC SE-05)."""

from typing import Any

import pytest

from tests.conftest import Clinic

DARK = {"theme": "dark", "language": "en", "timeZone": "Africa/Tunis", "refreshSeconds": 0, "sound": False}


def put(person: Any, body: dict[str, Any], version: int = 0) -> Any:
    return person.put("/users/settings", json=body, headers={"if-match": f'"{version}"'})


def test_it_works(clinic: Clinic) -> None:
    before = clinic.driss.get("/users/settings")
    assert (before.json()["theme"], before.headers["etag"]) == ("system", '"0"')
    changed = put(clinic.driss, DARK)
    assert (changed.status_code, changed.json()) == (200, DARK | {"timeoutMinutes": 0, "version": 1})
    assert clinic.driss.get("/users/settings").json() == changed.json()
    assert clinic.emma.get("/users/settings").json()["theme"] == "system", "each for oneself"
    line = clinic.audit("user.settings_changed")[0]
    assert (line["subject"], "theme" in line["detail"]["fields"]) == (clinic.accounts["driss"], True)


def test_the_same_again_changes_nothing(clinic: Clinic) -> None:
    put(clinic.driss, DARK)
    assert put(clinic.driss, DARK, 1).json()["version"] == 1
    assert len(clinic.audit("user.settings_changed")) == 1


def test_a_stale_version_is_refused(clinic: Clinic) -> None:
    put(clinic.driss, DARK)
    assert put(clinic.driss, {}).status_code == 412


@pytest.mark.parametrize(
    "faulty",
    [
        {"theme": "pink"},
        {"timeZone": "Mars/Olympus"},
        {"refreshSeconds": 3601},
        {"timeoutMinutes": -1},
        {"sound": "loud"},
        {"accountId": "x"},
    ],
)
def test_what_makes_no_sense_is_refused(clinic: Clinic, faulty: dict[str, Any]) -> None:
    assert put(clinic.driss, faulty).status_code == 400


def test_strangers(clinic: Clinic) -> None:
    assert clinic.anonymous.get("/users/settings").status_code == 401
    assert put(clinic.anonymous, DARK).status_code == 401


def test_mails_and_answers_follow_the_language(clinic: Clinic) -> None:
    assert clinic.driss.get("/patients/none").json()["error"]["message"] != "There is no such patient"
    assert put(clinic.driss, {"language": "en"}).status_code == 200
    assert clinic.driss.get("/patients/none").json()["error"]["message"] == "There is no such patient"
    kept = clinic.rows("SELECT language FROM account WHERE id = ?", clinic.accounts["driss"])
    assert kept == [{"language": "en"}]
    assert put(clinic.driss, {"language": None}, 1).status_code == 200  # the clinic's own again
    kept = clinic.rows("SELECT language FROM account WHERE id = ?", clinic.accounts["driss"])
    assert kept == [{"language": "fr"}]
    assert [line["detail"] for line in clinic.audit("user.language_chosen")] == [{"language": "en"}, {"language": "fr"}]
    assert clinic.rows("SELECT language FROM account WHERE id = ?", clinic.accounts["emma"]) == [{"language": "fr"}]
