"""Counts of consultations: equal to a recount, and no diagnosis that few people have for anybody but their doctor (AD-14)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import Clinic

SEEN = (
    ("driss", "amina", "Bronchitis", "J40"),
    ("emma", "amina", "acute bronchitis", "J40"),
    ("zoe", "amina", "Bronchite", "J40"),
    ("driss", "amina", "Hypertension", None),
    ("emma", "amina", " hypertension ", None),
    ("emma", "amina", "Rare disease", "E75"),
    ("emma", "bruno", "Caries", "K02"),
    ("driss", "bruno", None, None),
)


@pytest.fixture
def busy(clinic: Clinic) -> Clinic:
    """A month of completed consultations, with a draft and one that was a mistake."""
    body = {"firstName": "Zoé", "lastName": "Nouvelle", "birthDate": "1990-01-02"}
    clinic.ids["zoe"] = clinic.gwen.post("/patients", json=body).json()["id"]
    for number, (patient, doctor, diagnosis, code) in enumerate(SEEN):
        keep(clinic, number, patient, doctor, diagnosis, code)
    keep(clinic, 90, "driss", "amina", "Draft", None, status="draft")
    keep(clinic, 91, "driss", "amina", "Mistake", None, status="entered_in_error")
    keep(clinic, 92, "driss", "amina", "Long ago", None, day="2026-01-01")
    return clinic


def keep(
    clinic: Clinic, number: int, patient: str, doctor: str, diagnosis: str | None, code: str | None, **more: Any
) -> None:
    at = more.get("at") or f"{more.get('day', '2026-11-10')}T10:00:00.000Z"
    clinic.tamper(
        "INSERT INTO consultation (id, patient_id, practitioner_id, type, status, started_at, diagnosis, diagnosis_code,"
        " source, created_at, updated_at, can_edit_until, error_reason) VALUES (?, ?, ?, 'in_person', ?, ?, ?, ?, 'import',"
        " ?, ?, ?, ?)",
        f"c{number}",
        clinic.ids[patient],
        clinic.ids[doctor],
        more.get("status", "completed"),
        at,
        diagnosis,
        code,
        at,
        at,
        at,
        "x" if more.get("status") == "entered_in_error" else None,
    )


def test_it_works(busy: Clinic) -> None:
    answer = busy.amina.get("/consultations/statistics")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["from"], found["to"], found["total"], found["patients"]) == ("2026-10-18", "2026-11-16", 6, 3)
    tops = [(one["code"], one["consultations"], one["patients"]) for one in found["topDiagnoses"]]
    assert tops == [("J40", 3, 3), (None, 2, 2), ("E75", 1, 1)]
    assert found["hiddenDiagnoses"] == 0
    by_hand = Counter(code or (said or "").strip().lower() for _, who, said, code in SEEN if who == "amina")
    assert sorted(by_hand.values()) == sorted(count for _, count, _ in tops)
    line = busy.audit("consultation.statistics_seen")[-1]
    assert (line["actor"], line["subject"]) == (busy.accounts["amina"], busy.ids["amina"])


def test_what_few_people_have_is_not_named_to_others(busy: Clinic) -> None:
    whole = busy.gwen.get("/admin/statistics/consultations").json()
    assert (whole["total"], whole["patients"], whole["practitionerId"]) == (8, 3, None)
    assert [one["code"] for one in whole["topDiagnoses"]] == ["J40"]
    assert whole["hiddenDiagnoses"] == 3
    of_amina = busy.gwen.get(f"/admin/statistics/consultations?practitionerId={busy.ids['amina']}").json()
    assert [one["code"] for one in of_amina["topDiagnoses"]] == ["J40"]
    assert "Rare" not in str(whole) + str(of_amina)


def test_the_range_is_in_local_days(busy: Clinic) -> None:
    keep(busy, 99, "zoe", "bruno", "Late", None, at="2026-11-11T23:30:00.000Z")  # half past midnight of the twelfth
    query = "/consultations/statistics?from=2026-11-12&to=2026-11-12"
    assert [one["diagnosis"] for one in busy.bruno.get(query).json()["topDiagnoses"]] == ["Late"]
    for wrong in ("from=2026-11-12&to=2026-11-11", "from=2000-01-01&to=2026-11-11"):
        assert busy.bruno.get(f"/consultations/statistics?{wrong}").status_code == 400


def test_one_doctors_appointments_for_admins(clinic: Clinic) -> None:
    path = f"/admin/statistics/doctors/{clinic.ids['amina']}"
    assert clinic.gwen.get(path).json() == clinic.amina.get("/doctors/statistics").json()
    assert clinic.gwen.get("/admin/statistics/doctors/nobody").status_code == 404
    for person, status in ((clinic.amina, 403), (clinic.chloe, 403), (clinic.driss, 403), (clinic.anonymous, 401)):
        assert person.get(path).status_code == status


def test_strangers_count_nothing(clinic: Clinic) -> None:
    for person in (clinic.chloe, clinic.driss, clinic.farid, clinic.gwen):
        assert person.get("/consultations/statistics").status_code == 403
    for person in (clinic.chloe, clinic.driss, clinic.amina):
        assert person.get("/admin/statistics/consultations").status_code == 403
    assert clinic.anonymous.get("/admin/statistics/consultations").status_code == 401
