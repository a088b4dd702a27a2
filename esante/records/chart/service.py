"""The use cases of the chart: the lists, the timeline, and what imports fill them with."""

from typing import Literal

import msgspec

from esante.kernel import clock
from esante.kernel.structs import Page, encode_cursor, new_id
from esante.kernel.transaction import LookTx, WriteTx
from esante.people.structs import PatientId
from esante.records.chart import policy, store
from esante.records.chart.events import AllergyImported, ChartAccessed, ConditionImported, ImmunizationImported
from esante.records.chart.structs import (
    Allergy,
    AllergyId,
    Condition,
    ConditionId,
    Immunization,
    ImmunizationId,
    ImportedAllergy,
    ImportedCondition,
    ImportedImmunization,
    TimelineEntry,
)
from esante.records.consultations import service as consultations
from esante.records.consultations.events import ConsultationAccessed
from esante.records.consultations.structs import ConsultationFilter
from esante.records.prescriptions import service as prescriptions
from esante.records.prescriptions.events import PrescriptionAccessed
from esante.records.prescriptions.structs import PrescriptionFilter


def list_allergies(tx: LookTx, patient_id: PatientId) -> Page[Allergy]:
    """What the patient does not bear, by name."""
    policy.may_read(tx, patient_id)
    found = store.allergies(tx, patient_id)
    _looked(tx, patient_id, "allergies", len(found))
    return Page(items=found)


def list_conditions(tx: LookTx, patient_id: PatientId) -> Page[Condition]:
    """Diseases and problems, the latest first."""
    policy.may_read(tx, patient_id)
    found = store.conditions(tx, patient_id)
    _looked(tx, patient_id, "conditions", len(found))
    return Page(items=found)


def list_immunizations(tx: LookTx, patient_id: PatientId) -> Page[Immunization]:
    """Vaccines, the latest first."""
    policy.may_read(tx, patient_id)
    found = store.immunizations(tx, patient_id)
    _looked(tx, patient_id, "immunizations", len(found))
    return Page(items=found)


def show_timeline(tx: LookTx, patient_id: PatientId, limit: int, cursor: str | None) -> Page[TimelineEntry]:
    """Consultations and prescriptions of a patient in one order, newest first; only what the reader may see."""
    policy.may_read(tx, patient_id)
    visits, more_visits = consultations.list_briefs(
        tx, ConsultationFilter(patient_id=patient_id, limit=limit, cursor=cursor)
    )
    drugs, more_drugs = prescriptions.list_rows(
        tx, PrescriptionFilter(patient_id=patient_id, limit=limit, cursor=cursor)
    )
    entries = [
        (visit.id, TimelineEntry(kind="consultation", at=visit.started_at, consultation=visit)) for visit in visits
    ] + [(drug.id, TimelineEntry(kind="prescription", at=drug.issued_at, prescription=drug)) for drug in drugs]
    entries.sort(key=lambda pair: (pair[1].at, pair[0]), reverse=True)
    more = more_visits or more_drugs or len(entries) > limit
    shown = entries[:limit]
    count = sum(entry.kind == "consultation" for _, entry in shown)
    tx.record(ConsultationAccessed(subject=patient_id, patient_id=patient_id, access_type="timeline", count=count))
    if count < len(shown):
        tx.record(
            PrescriptionAccessed(
                subject=patient_id, patient_id=patient_id, access_type="timeline", count=len(shown) - count
            )
        )
    last = encode_cursor(clock.text(shown[-1][1].at), shown[-1][0]) if more and shown else None
    return Page(items=[entry for _, entry in shown], next_cursor=last)


def import_allergy(tx: WriteTx, given: ImportedAllergy) -> AllergyId:
    """An allergy from another system. For the house."""
    policy.house_only(tx)
    row = Allergy(id=AllergyId(new_id()), **msgspec.structs.asdict(given), source="import", created_at=tx.now)
    store.insert_allergy(tx, row)
    tx.record(AllergyImported(subject=row.id, patient_id=row.patient_id))
    return row.id


def import_condition(tx: WriteTx, given: ImportedCondition) -> ConditionId:
    """A condition from another system. For the house."""
    policy.house_only(tx)
    row = Condition(id=ConditionId(new_id()), **msgspec.structs.asdict(given), source="import", created_at=tx.now)
    store.insert_condition(tx, row)
    tx.record(ConditionImported(subject=row.id, patient_id=row.patient_id))
    return row.id


def import_immunization(tx: WriteTx, given: ImportedImmunization) -> ImmunizationId:
    """An immunization from another system. For the house."""
    policy.house_only(tx)
    row = Immunization(id=ImmunizationId(new_id()), **msgspec.structs.asdict(given), source="import", created_at=tx.now)
    store.insert_immunization(tx, row)
    tx.record(ImmunizationImported(subject=row.id, patient_id=row.patient_id))
    return row.id


def _looked(
    tx: LookTx, patient_id: PatientId, kind: Literal["allergies", "conditions", "immunizations"], count: int
) -> None:
    tx.record(ChartAccessed(subject=patient_id, patient_id=patient_id, access_type=kind, count=count))
