"""Allergies, conditions and immunizations: lists to read, by who may; each look is audited."""

import pytest

from esante.kernel.actor import house
from esante.kernel.errors import Forbidden
from esante.records.chart import service
from esante.records.chart.structs import ImportedAllergy, ImportedCondition, ImportedImmunization
from tests.conftest import Clinic
from tests.records.visit import begin_visit

LISTS = ("allergies", "conditions", "immunizations")


def fill(clinic: Clinic) -> None:
    driss, importer = clinic.ids["driss"], house("test")
    clinic.write(
        importer, service.import_allergy, ImportedAllergy(patient_id=driss, substance="Penicillin", reactions=["rash"])
    )
    clinic.write(
        importer, service.import_condition, ImportedCondition(patient_id=driss, name="Asthma", onset="1991-05")
    )
    shot = ImportedImmunization(patient_id=driss, vaccine="Tetanus", status="completed", occurred="2001")
    clinic.write(importer, service.import_immunization, shot)


def test_it_works(clinic: Clinic) -> None:
    fill(clinic)
    seen = {name: clinic.driss.get(f"/patients/{clinic.ids['driss']}/{name}").json()["items"] for name in LISTS}
    assert seen["allergies"][0]["reactions"] == ["rash"]
    assert seen["conditions"][0]["onset"] == "1991-05"
    assert seen["immunizations"][0]["occurred"] == "2001"
    lines = clinic.audit("chart.accessed")
    assert [line["detail"]["accessType"] for line in lines] == list(LISTS)
    assert {line["patient_id"] for line in lines} == {clinic.ids["driss"]}


def test_who_treats_reads_them(clinic: Clinic) -> None:
    fill(clinic)
    begin_visit(clinic)
    for name in LISTS:
        assert len(clinic.amina.get(f"/patients/{clinic.ids['driss']}/{name}").json()["items"]) == 1


def test_only_the_house_fills_them(clinic: Clinic) -> None:
    with pytest.raises(Forbidden):
        clinic.write(
            clinic.actor("amina"), service.import_condition, ImportedCondition(patient_id=clinic.ids["driss"], name="x")
        )


def test_a_stranger(clinic: Clinic) -> None:
    for name in LISTS:
        path = f"/patients/{clinic.ids['driss']}/{name}"
        assert clinic.bruno.get(path).status_code == 404
        assert clinic.emma.get(path).status_code == 404
        for person in (clinic.chloe, clinic.farid, clinic.gwen):
            assert person.get(path).status_code == 403
        assert clinic.anonymous.get(path).status_code == 401
