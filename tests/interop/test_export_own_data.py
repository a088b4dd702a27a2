"""One's own data as a ZIP of JSON and files (SPEC PE-18)."""

import io
import json
import zipfile
from typing import Any

from tests.people.test_merge import visit, written
from tests.people.test_photos import put


def taken(clinic: Any, person: str) -> zipfile.ZipFile:
    answer = getattr(clinic, person).get("/users/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert "attachment" in answer.headers["content-disposition"]
    return zipfile.ZipFile(io.BytesIO(answer.content))


def read(archive: zipfile.ZipFile, name: str) -> Any:
    return json.loads(archive.read(f"{name}.json"))


def test_it_works(clinic: Any) -> None:
    put(clinic)
    note, drug = written(clinic, visit(clinic, "emma"))
    archive = taken(clinic, "emma")
    assert archive.testzip() is None
    assert read(archive, "profile")["lastName"] == "Dubois"
    assert read(archive, "account")["email"] == "emma@demo.esante.example"
    assert [one["id"] for one in read(archive, "consultations")] == [note["id"]]
    assert [one["id"] for one in read(archive, "prescriptions")] == [drug["id"]]
    assert len(read(archive, "appointments")) == 1
    assert archive.read("photo.jpg")[:3] == b"\xff\xd8\xff"
    line = clinic.audit("user.exported")[0]
    assert (line["actor"], line["patient_id"]) == (clinic.accounts["emma"], clinic.ids["emma"])


def test_what_one_may_not_see_is_not_in_it(clinic: Any) -> None:
    written(clinic, visit(clinic, "emma"))
    archive = taken(clinic, "emma")
    said = "".join(archive.read(name).decode() for name in archive.namelist())
    assert "Worried about work" not in said  # the author's private note
    assert "Crackles on the left" not in said  # not shared
    assert "El Fassi" not in said
    assert set(read(archive, "account")) & {"passwordHash", "mobileE164"} == set()


def test_long_lists_are_whole(clinic: Any) -> None:
    for number in range(105):
        visit(clinic, "emma", 8 + number % 4, day=f"2026-12-{number // 4 + 1:02}")
    assert len(read(taken(clinic, "emma"), "appointments")) == 105


def test_doctors_and_others_get_theirs(clinic: Any) -> None:
    archive = taken(clinic, "amina")
    assert read(archive, "profile")["licenceNumber"] == "DEMO-amina"
    assert "consultations.json" not in archive.namelist()
    assert set(taken(clinic, "gwen").namelist()) == {"account.json", "sessions.json", "notifications.json"}
    assert clinic.anonymous.get("/users/export").status_code == 401
