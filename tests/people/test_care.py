"""Who treats whom, and what the other rooms may ask of people."""

from typing import Any

import pytest

from esante.kernel.errors import Forbidden, NotFound
from esante.people import service as people
from esante.people.structs import ImportedPatient, ImportedPractitioner
from tests.identity.secrets_of import HOUSE


def open_care(clinic: Any, source_id: str = "visit") -> None:
    clinic.write(
        HOUSE, people.open_care, clinic.ids["driss"], clinic.ids["amina"], source="appointment", source_id=source_id
    )


def end_care(clinic: Any, source_id: str = "visit") -> None:
    clinic.write(HOUSE, people.end_care, clinic.ids["driss"], clinic.ids["amina"], source_id=source_id)


def is_treating(clinic: Any) -> bool:
    return bool(clinic.read(HOUSE, people.is_treating, clinic.ids["amina"], clinic.ids["driss"]))


def test_it_works(clinic: Any) -> None:
    assert not is_treating(clinic)
    open_care(clinic)
    assert is_treating(clinic)


def test_a_repeat_changes_nothing(clinic: Any) -> None:
    open_care(clinic)
    open_care(clinic)
    assert len(clinic.rows("SELECT * FROM care_relation")) == 1


def test_a_completed_visit_keeps_it_for_a_year(clinic: Any) -> None:
    open_care(clinic)
    clinic.write(HOUSE, people.keep_care, clinic.ids["driss"], clinic.ids["amina"], source_id="visit")
    clinic.clock.advance(days=364, hours=23)
    assert is_treating(clinic)
    clinic.clock.advance(hours=1)
    assert not is_treating(clinic)


def test_a_cancelled_visit_ends_it_and_another_one_does_not(clinic: Any) -> None:
    open_care(clinic, "one")
    open_care(clinic, "two")
    end_care(clinic, "one")
    assert is_treating(clinic)
    end_care(clinic, "two")
    end_care(clinic, "two")
    end_care(clinic, "unknown")
    assert not is_treating(clinic)


def test_what_was_ended_may_be_opened_again(clinic: Any) -> None:
    open_care(clinic)
    end_care(clinic)
    open_care(clinic)
    assert is_treating(clinic)


def test_briefs(clinic: Any) -> None:
    driss, amina = clinic.ids["driss"], clinic.ids["amina"]
    assert clinic.read(HOUSE, people.patient_brief, driss).last_name == "El Fassi"
    brief = clinic.read(HOUSE, people.practitioner_brief, amina)
    assert (brief.status, brief.active) == ("approved", True)
    assert clinic.read(HOUSE, people.bookable_practitioner, amina).id == amina
    assert clinic.read(clinic.actor("driss"), people.own_patient, driss).id == driss
    for query, who in (
        (people.patient_brief, "x"),
        (people.practitioner_brief, "x"),
        (people.bookable_practitioner, "x"),
    ):
        with pytest.raises(NotFound):
            clinic.read(HOUSE, query, who)
    for actor in ("emma", "amina", "gwen"):
        with pytest.raises(NotFound):
            clinic.read(clinic.actor(actor), people.own_patient, driss)


def test_a_prescriber_is_approved_and_active(clinic: Any) -> None:
    assert clinic.read(clinic.actor("amina"), people.require_prescriber).id == clinic.ids["amina"]
    for actor in ("driss", "chloe", "gwen"):
        with pytest.raises(Forbidden):
            clinic.read(clinic.actor(actor), people.require_prescriber)
    clinic.tamper(
        "UPDATE account SET status = 'suspended', status_before = 'active' WHERE id = ?", clinic.accounts["amina"]
    )
    with pytest.raises(Forbidden):
        clinic.read(clinic.actor("amina"), people.require_prescriber)
    with pytest.raises(NotFound):
        clinic.read(HOUSE, people.bookable_practitioner, clinic.ids["amina"])


def test_imports_are_exempt_from_the_desks_rules(clinic: Any) -> None:
    same = ImportedPatient(first_name="A" * 80, last_name="B", mobile_number="555-0101-55", gender="other")
    ids = [clinic.write(HOUSE, people.import_patient, same) for _ in range(2)]
    assert ids[0] != ids[1]
    assert clinic.gwen.get(f"/patients/{ids[0]}").json()["source"] == "import"
    given = ImportedPractitioner(first_name="Gregory", last_name="House", licence_number="DEMO-amina")
    doctor = clinic.write(HOUSE, people.import_practitioner, given)
    assert clinic.read(HOUSE, people.practitioner_brief, doctor).status == "pending"
    with pytest.raises(NotFound):
        clinic.read(HOUSE, people.bookable_practitioner, doctor)
