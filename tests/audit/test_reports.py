"""The month on paper, and what one account did."""

from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from esante.audit.notary import Notary
from esante.kernel.checkpoints import Signer
from tests.conftest import START

MONTH = f"{START:%Y-%m}"


def test_it_works(clinic: Any) -> None:
    clinic.run(Notary(clinic.parts.db, Signer(clinic.parts.keys)).sign())
    clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    found = clinic.gwen.get(f"/audit/reports/{MONTH}").json()
    made = clinic.audit("audit.report_made")[-1]
    assert (found["firstLine"], found["lastLine"]) == (1, made["seq"] - 1)
    assert sum(one["done"] + one["refused"] + one["failed"] for one in found["tallies"]) == found["lastLine"]
    assert {"action": "access.denied", "count": 1} in found["weighty"]
    assert made["subject"] == MONTH


def test_it_is_a_pdf_with_a_checkpoint_that_holds(clinic: Any) -> None:
    clinic.run(Notary(clinic.parts.db, Signer(clinic.parts.keys)).sign())
    answer = clinic.gwen.get(f"/audit/reports/{MONTH}", params={"format": "pdf"})
    assert answer.headers["content-type"] == "application/pdf"
    page = PdfReader(BytesIO(answer.content)).pages[0].extract_text()
    assert MONTH in page
    assert f"esante/{clinic.parts.keys.installation_id}" in "".join(page.split("\n"))


def test_a_month_without_lines_is_empty(clinic: Any) -> None:
    found = clinic.gwen.get("/audit/reports/2020-01").json()
    assert (found["tallies"], found["weighty"], found["odd"]) == ([], [], {})


@pytest.mark.parametrize("month", ["2026", "2026-13", "november", "2999-01", "2026-1"])
def test_what_is_no_month_is_refused(clinic: Any, month: str) -> None:
    assert clinic.gwen.get(f"/audit/reports/{month}").status_code == 400


def test_what_one_account_did(clinic: Any) -> None:
    clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    day = START.date().isoformat()
    path = f"/audit/users/{clinic.accounts['emma']}/activity"
    [found] = clinic.gwen.get(path, params={"from": day, "to": day}).json()
    assert {"action": "access.denied", "count": 1} in found["actions"]
    assert (found["on"], found["patients"]) == (day, 0)
    assert clinic.gwen.get(path, params={"from": "2026-01-01", "to": "2026-12-31"}).status_code == 400
    assert clinic.amina.get(path, params={"from": day, "to": day}).status_code == 403
