"""The clinic's logo: PNG or JPEG, at most 5 MB, made anew (SPEC SE-02; row 30)."""

import io
from typing import Any

import pytest
from PIL import Image

from esante.kernel import images
from tests.conftest import Clinic

PNG, JPEG = {"content-type": "image/png"}, {"content-type": "image/jpeg"}


def drawn(kind: str = "PNG", size: tuple[int, int] = (800, 400), mode: str = "RGB", **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, "teal").save(out, kind, **more)
    return out.getvalue()


def shown(clinic: Clinic) -> Image.Image:
    answer = clinic.anonymous.get("/settings/logo")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    return Image.open(io.BytesIO(answer.content))


def files(clinic: Clinic) -> list[str]:
    return sorted(path.name for path in (clinic.folder / "files").rglob("*") if path.is_file())


def test_it_works(clinic: Clinic) -> None:
    kept = clinic.gwen.put("/settings/logo", content=drawn(), headers=PNG)
    assert kept.status_code == 200, kept.text
    assert (kept.json()["width"], kept.json()["height"]) == (512, 256)
    assert shown(clinic).size == (512, 256)
    assert clinic.anonymous.get("/settings").json()["logoUrl"] == kept.json()["url"]
    assert [line["actor"] for line in clinic.audit("settings.logo_changed")] == [clinic.accounts["gwen"]]


def test_the_old_file_goes(clinic: Clinic) -> None:
    clinic.gwen.put("/settings/logo", content=drawn(), headers=PNG)
    first = files(clinic)
    clinic.gwen.put("/settings/logo", content=drawn("JPEG", (300, 300)), headers=JPEG)
    assert len(files(clinic)) == 1
    assert files(clinic) != first
    assert shown(clinic).size == (300, 300), "never made larger"
    assert clinic.gwen.delete("/settings/logo").status_code == 204
    assert files(clinic) == []
    assert clinic.anonymous.get("/settings/logo").status_code == 404
    assert clinic.gwen.delete("/settings/logo").status_code == 204


def test_hidden_data_is_gone_and_it_stands_upright(clinic: Clinic) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x010F] = "Secret camera"
    clinic.gwen.put("/settings/logo", content=drawn("JPEG", (200, 100), exif=exif), headers=JPEG)
    answer = clinic.anonymous.get("/settings/logo").content
    assert b"Secret camera" not in answer
    seen = Image.open(io.BytesIO(answer))
    assert seen.size == (100, 200)
    assert dict(seen.getexif()) == {}


def test_clear_stays_clear(clinic: Clinic) -> None:
    clinic.gwen.put("/settings/logo", content=drawn(mode="RGBA"), headers=PNG)
    assert shown(clinic).mode == "RGBA"


def test_as_a_form(clinic: Clinic) -> None:
    sent = clinic.gwen.put("/settings/logo", files={"file": ("logo.jpg", drawn("JPEG"), "image/jpeg")})
    assert sent.status_code == 200, sent.text
    assert shown(clinic).size == (512, 256)
    empty = clinic.gwen.put("/settings/logo", files={"word": (None, "no file")})
    assert empty.status_code == 400


def test_a_browser_that_has_it_is_told_so(clinic: Clinic) -> None:
    clinic.gwen.put("/settings/logo", content=drawn(), headers=PNG)
    tag = clinic.anonymous.get("/settings/logo").headers["etag"]
    again = clinic.anonymous.get("/settings/logo", headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"GIF89a" + b"\0" * 100, {"content-type": "image/gif"}, 415),
        (b"<svg onload=alert(1)>", {"content-type": "image/svg+xml"}, 415),
        (b"<svg onload=alert(1)>", PNG, 400),
        (drawn("GIF"), PNG, 400),
        (drawn("JPEG"), PNG, 400),
        (drawn()[:200], PNG, 400),
        (b"", PNG, 400),
        (b"\0" * (images.MOST_BYTES + 1), PNG, 413),
        (b"--x\r\nbroken", {"content-type": "multipart/form-data; boundary=x"}, 400),
        (b"", {"content-type": "multipart/form-data"}, 400),
    ],
)
def test_what_is_no_picture_is_refused(clinic: Clinic, content: bytes, headers: dict[str, str], status: int) -> None:
    answer = clinic.gwen.put("/settings/logo", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    assert files(clinic) == [], "nothing stays"


def test_a_bomb_is_not_decoded(clinic: Clinic) -> None:
    bomb = drawn(size=(6_000, 6_000), mode="1")
    assert len(bomb) < 100_000
    answer = clinic.gwen.put("/settings/logo", content=bomb, headers=PNG)
    assert answer.status_code == 400


def test_strangers(clinic: Clinic) -> None:
    for person in (clinic.amina, clinic.chloe, clinic.driss, clinic.farid):
        assert person.put("/settings/logo", content=drawn(), headers=PNG).status_code == 403
        assert person.delete("/settings/logo").status_code == 403
    assert clinic.anonymous.put("/settings/logo", content=drawn(), headers=PNG).status_code == 401
    assert files(clinic) == []
