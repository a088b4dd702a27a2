"""Copies of licences and identity cards: sealed, for the doctor and for admins, never public (SPEC PE-10, row 42)."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from esante.wiring import FILES
from tests.people.test_photos import JPEG, files, picture, with_exif

if TYPE_CHECKING:
    from tests.conftest import Clinic

OWN = "/doctors/profile/documents"


def put(clinic: Clinic, kind: str = "licence", body: bytes = b"", headers: Any = JPEG, person: str = "amina") -> Any:
    return getattr(clinic, person).put(f"{OWN}/{kind}", content=body or picture(), headers=headers)


def test_it_works(clinic: Clinic) -> None:
    answer = put(clinic)
    assert answer.status_code == 200, answer.text
    put(clinic, "id_card", picture(size=(60, 30)))
    assert [one["kind"] for one in clinic.amina.get(OWN).json()["items"]] == ["id_card", "licence"]
    theirs = f"/doctors/{clinic.ids['amina']}/documents"
    listed = clinic.gwen.get(theirs).json()["items"]
    assert [(one["kind"], one["width"]) for one in listed] == [("id_card", 60), ("licence", 40)]
    for person, path in ((clinic.amina, f"{OWN}/licence"), (clinic.gwen, f"{theirs}/licence")):
        shown = person.get(path)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert "attachment" in shown.headers["content-disposition"]
        assert shown.content[:2] == b"\xff\xd8"
    seen = [(line["action"], line["actor"], line["subject"]) for line in clinic.audit("doctor.document_seen")]
    assert seen == [("doctor.document_seen", clinic.accounts[name], clinic.ids["amina"]) for name in ("amina", "gwen")]
    assert [line["detail"]["kind"] for line in clinic.audit("doctor.document_uploaded")] == ["licence", "id_card"]
    assert clinic.audit("doctor.documents_listed")[-1]["detail"] == {"count": 2}


def test_row_42_nobody_else_sees_them_and_they_are_nowhere_public(clinic: Clinic) -> None:
    put(clinic)
    theirs = f"/doctors/{clinic.ids['amina']}/documents"
    for person, status in (
        (clinic.bruno, 403),
        (clinic.amina, 403),  # a doctor's own are at the own address
        (clinic.chloe, 403),
        (clinic.driss, 403),
        (clinic.farid, 403),
        (clinic.anonymous, 401),
    ):
        assert person.get(theirs).status_code == status
        assert person.get(f"{theirs}/licence").status_code == status
    assert clinic.bruno.get(f"{OWN}/licence").status_code == 404
    for person, status in ((clinic.driss, 403), (clinic.gwen, 403), (clinic.anonymous, 401)):
        assert person.get(OWN).status_code == status
        assert person.put(f"{OWN}/licence", content=picture(), headers=JPEG).status_code == status
    public = clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").text
    assert "licence" not in public
    assert "document" not in public


def test_it_is_sealed_and_made_anew(clinic: Clinic) -> None:
    put(clinic, body=with_exif())
    (kept,) = clinic.rows("SELECT * FROM practitioner_credential")
    (sealed,) = [file for file in files(clinic) if file.name == kept["file_id"]]
    assert b"\xff\xd8\xff" not in sealed.read_bytes()[:64]
    assert b"SecretCamera" not in clinic.amina.get(f"{OWN}/licence").content


def test_what_replaces_it_takes_its_file_away(clinic: Clinic) -> None:
    put(clinic)
    before = len(files(clinic))
    put(clinic, body=picture(size=(50, 50)))
    assert len(files(clinic)) == before
    assert clinic.amina.delete(f"{OWN}/licence").status_code == 204
    assert len(files(clinic)) == before - 1
    assert clinic.amina.delete(f"{OWN}/licence").status_code == 404
    assert clinic.amina.get(f"{OWN}/licence").status_code == 404
    assert clinic.audit("doctor.document_removed")[-1]["subject"] == clinic.ids["amina"]


@pytest.mark.parametrize(
    ("kind", "body", "headers", "status"),
    [
        ("diploma", picture(), JPEG, 400),
        ("licence", b"no picture", JPEG, 400),
        ("licence", picture("PNG"), JPEG, 400),
        ("licence", b"%PDF-1.7", {"content-type": "application/pdf"}, 415),
        ("licence", bytes(5 * 1024 * 1024 + 1), JPEG, 413),
    ],
)
def test_what_is_no_picture_is_refused(clinic: Clinic, kind: str, body: bytes, headers: Any, status: int) -> None:
    before = len(files(clinic))
    assert put(clinic, kind, body, headers).status_code == status
    assert len(files(clinic)) == before


def test_the_nightly_sweep_knows_them(clinic: Clinic) -> None:
    put(clinic)
    (kept,) = clinic.rows("SELECT file_id FROM practitioner_credential")
    assert kept["file_id"] in {file for room in FILES for file in clinic.read(clinic.actor("gwen"), room)}


def test_the_doctor_takes_them_along(clinic: Clinic) -> None:
    put(clinic)
    copy = clinic.amina.get("/users/export")
    with zipfile.ZipFile(io.BytesIO(copy.content)) as archive:
        assert archive.read("licence.jpg")[:2] == b"\xff\xd8"
