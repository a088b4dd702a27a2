"""Photographs (SPEC PE-13): made anew, without hidden data, sealed, shown to whoever may see the person."""

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from esante.people import service as people
from tests.identity.secrets_of import HOUSE

JPEG = {"content-type": "image/jpeg"}
PNG = {"content-type": "image/png"}


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 20), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **more)
    return out.getvalue()


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6  # on its side
    exif[0x010F] = "SecretCamera"
    exif[0x8825] = {1: "N", 2: (48.0, 6.0, 0.0)}
    return picture(exif=exif)


def bomb() -> bytes:
    """A PNG of 30,000 by 30,000 pixels in a few bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


def put(clinic: Any, person: str = "emma", path: str = "/users/photo", body: bytes = b"", **more: Any) -> Any:
    headers = more.pop("headers", JPEG)
    return getattr(clinic, person).put(path, content=body or picture(), headers=headers, **more)


def files(clinic: Any) -> list[Path]:
    return [file for file in (clinic.folder / "files").rglob("*") if file.is_file()]


def test_it_works(clinic: Any) -> None:
    answer = put(clinic)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == (40, 20)
    shown = clinic.emma.get("/users/photo")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert Image.open(io.BytesIO(shown.content)).size == (40, 20)
    assert clinic.emma.get("/users/profile").json()["hasPhoto"]
    assert clinic.audit("user.photo_uploaded")[0]["patient_id"] == clinic.ids["emma"]


def test_nothing_hidden_comes_along_and_it_stands_upright(clinic: Any) -> None:
    put(clinic, body=with_exif())
    kept = clinic.emma.get("/users/photo").content
    assert b"SecretCamera" not in kept
    opened = Image.open(io.BytesIO(kept))
    assert (dict(opened.getexif()), opened.size) == ({}, (20, 40))


def test_it_is_at_most_2048_pixels_wide(clinic: Any) -> None:
    put(clinic, body=picture(size=(4000, 1000)))
    assert Image.open(io.BytesIO(clinic.emma.get("/users/photo").content)).size == (2048, 512)


def test_a_png_and_a_form_are_taken_too(clinic: Any) -> None:
    assert put(clinic, body=picture("PNG"), headers=PNG).status_code == 200
    form = {"file": ("me.jpg", picture(), "image/jpeg")}
    assert clinic.emma.put("/users/photo", files=form).status_code == 200


def test_on_the_disk_it_is_sealed_and_the_one_before_is_gone(clinic: Any) -> None:
    put(clinic)
    first = files(clinic)
    assert len(first) == 1
    assert b"JFIF" not in first[0].read_bytes()
    put(clinic)
    assert len(files(clinic)) == 1
    assert files(clinic) != first
    assert clinic.emma.delete("/users/photo").status_code == 204
    assert files(clinic) == []
    assert clinic.emma.get("/users/photo").status_code == 404


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"<svg/>", {"content-type": "image/svg+xml"}, 415),
        (b"<html>", JPEG, 400),
        (b"GIF89a", {"content-type": "image/gif"}, 415),
        (picture("PNG"), JPEG, 400),
        (picture()[:200], JPEG, 400),
        (bomb(), PNG, 400),
        (b"x" * (5 * 1024 * 1024 + 1), JPEG, 413),
    ],
)
def test_what_is_no_picture_is_refused_and_leaves_nothing(
    clinic: Any, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert put(clinic, body=body, headers=headers).status_code == status
    assert files(clinic) == []


def test_a_patients_photo_is_seen_by_whoever_sees_the_patient(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['emma']}/photo"
    assert put(clinic, "chloe", path).status_code == 200
    for person in ("emma", "chloe", "gwen"):
        assert getattr(clinic, person).get(path).status_code == 200
    for person in ("driss", "amina"):
        assert getattr(clinic, person).get(path).status_code == 404
    assert clinic.farid.get(path).status_code == 403
    assert clinic.anonymous.get(path).status_code == 401
    clinic.write(HOUSE, people.open_care, clinic.ids["emma"], clinic.ids["amina"], source="appointment", source_id="a")
    assert clinic.amina.get(path).status_code == 200
    assert {one["actor"] for one in clinic.audit("patient.photo_seen")} >= {clinic.accounts["amina"]}


def test_a_strangers_bytes_are_not_read(clinic: Any) -> None:
    path = f"/patients/{clinic.ids['emma']}/photo"
    assert put(clinic, "driss", path, b"x" * (5 * 1024 * 1024 + 1)).status_code == 404
    assert put(clinic, "farid", path).status_code == 403
    assert put(clinic, "gwen").status_code == 403  # admins have no photograph here
    assert clinic.driss.delete(path).status_code == 404


def test_an_approved_doctors_photo_is_public(clinic: Any) -> None:
    path = f"/doctors/{clinic.ids['amina']}/photo"
    assert clinic.anonymous.get(path).status_code == 404
    assert put(clinic, "amina").status_code == 200
    assert clinic.anonymous.get(path).status_code == 200
    assert clinic.anonymous.get(f"/doctors/{clinic.ids['amina']}").json()["hasPhoto"]
    clinic.gwen.post(f"/doctors/{clinic.ids['amina']}/suspend", json={"reason": "licence withdrawn"})
    assert clinic.anonymous.get(path).status_code == 404
    assert clinic.gwen.get(path).status_code == 200
    assert clinic.amina.get(path).status_code == 200
