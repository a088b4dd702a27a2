"""The log taken along: CSV that no spreadsheet executes, JSON, FHIR; each export is in the log first."""

import csv
import io
import json
from typing import Any

import pytest


def test_it_works(clinic: Any) -> None:
    answer = clinic.gwen.get("/audit/export")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    lines = [line["seq"] for line in clinic.audit()]
    [export] = clinic.audit("export.run")
    assert [int(row["seq"]) for row in rows] == sorted((seq for seq in lines if seq < export["seq"]), reverse=True)
    assert (export["severity"], export["actor"]) == ("warning", clinic.accounts["gwen"])


def test_filters_hold_and_json_is_an_array(clinic: Any) -> None:
    found = clinic.gwen.get("/audit/export", params={"format": "json", "category": "patient"}).json()
    assert found
    assert {line["action"].split(".")[0] for line in found} == {"patient"}
    assert clinic.gwen.get("/audit/export", params={"format": "json", "action": "no.such"}).json() == []


def test_no_cell_is_a_formula(clinic: Any) -> None:
    clinic.tamper("DROP TRIGGER audit_is_not_changed")
    for number, evil in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1")):
        clinic.tamper("UPDATE audit SET reason = ? WHERE seq = ?", evil, number + 1)
    rows = list(csv.reader(io.StringIO(clinic.gwen.get("/audit/export").text, newline="")))
    reasons = [row[rows[0].index("reason")] for row in rows[1:]]
    assert sorted(reason for reason in reasons if reason)[0].startswith("'")
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_more_than_a_page_is_streamed_without_gap(clinic: Any) -> None:
    for _ in range(520):
        clinic.emma.get(f"/patients/{clinic.ids['driss']}")
    rows = list(csv.DictReader(io.StringIO(clinic.gwen.get("/audit/export").text)))
    numbers = [int(row["seq"]) for row in rows]
    assert numbers == list(range(numbers[0], 0, -1))
    assert len(numbers) > 520


def test_fhir_audit_events(clinic: Any) -> None:
    answer = clinic.gwen.get("/audit/export/fhir")
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert {event["resourceType"] for event in events} == {"AuditEvent"}
    registered = next(one for one in events if one["subtype"][0]["code"] == "patient.registered")
    assert (registered["action"], registered["outcome"]) == ("C", "0")
    assert registered["recorded"].endswith("Z")
    assert registered["entity"][0]["what"]["reference"].startswith("Patient/")
    assert clinic.audit("export.run")[-1]["detail"]


@pytest.mark.parametrize("path", ["/audit/export", "/audit/export/fhir", "/audit/reports/2026-11"])
def test_only_an_admin_takes_the_log_along(clinic: Any, path: str) -> None:
    for name in ("amina", "chloe", "driss", "farid"):
        assert getattr(clinic, name).get(path).status_code == 403
    assert clinic.anonymous.get(path).status_code == 401
    assert clinic.audit("export.run") == []
