"""The use cases of the kiosk (SPEC SC-34)."""

from datetime import timedelta

import msgspec

from esante.identity import service as identity
from esante.kernel import one_time
from esante.kernel.errors import NotFound, Unauthenticated
from esante.kernel.structs import Page, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import PatientId
from esante.scheduling import agenda, policy, service
from esante.scheduling.events import KioskCodeSeen, KioskOpened, KioskRefused
from esante.scheduling.events import KioskStarted as KioskHasStarted
from esante.scheduling.kiosk import store
from esante.scheduling.kiosk.structs import (
    KioskCancel,
    KioskCheckIn,
    KioskCode,
    KioskCodeShown,
    KioskPass,
    KioskStart,
    KioskStarted,
    KioskVisit,
    KioskVisitId,
    WithPass,
)
from esante.scheduling.structs import Appointment, AppointmentFilter, AppointmentLine, Because

CODE_LIVES = timedelta(minutes=10)
PASS_LIVES = timedelta(minutes=5)
MOST_ATTEMPTS = 5
GAP, MOST_PER_HOUR = timedelta(seconds=60), 5
KEPT_FOR = timedelta(days=1)


def start_visit(tx: WriteTx, asked: KioskStart) -> KioskStarted:
    """Somebody gives a mobile number and a birth date. Whom they fit is sent a code, once a minute and five times an hour at
    most; the answer is always the same."""
    policy.kiosk_is_on(tx)
    mobile = identity.maybe_mobile(tx, asked.mobile_number)
    patient_id = store.patient_with(tx, mobile, asked.birth_date) if mobile else None
    if patient_id is not None and (
        store.count_since(tx, patient_id, tx.now - GAP)
        or store.count_since(tx, patient_id, tx.now - timedelta(hours=1)) >= MOST_PER_HOUR
    ):
        patient_id = None
    visit = KioskVisit(
        id=KioskVisitId(new_id()),
        patient_id=patient_id,
        salt=one_time.new_salt(),
        attempts=0,
        created_at=tx.now,
        opened_at=None,
        ends_at=tx.now + CODE_LIVES,
    )
    store.insert_visit(tx, visit)
    if patient_id is not None:
        tx.record(KioskHasStarted(subject=visit.id, patient_id=patient_id))
    return KioskStarted(id=visit.id, ends_at=visit.ends_at)


def open_visit(tx: WriteTx, asked: KioskCode) -> KioskPass | None:
    """The code that was sent opens one's own visits for five minutes. None when it is wrong, used or too late; five wrong ones
    end it."""
    policy.kiosk_is_on(tx)
    visit = store.visit(tx, asked.id)
    if visit is None or visit.opened_at is not None or visit.ends_at <= tx.now or visit.attempts >= MOST_ATTEMPTS:
        return None
    is_right = one_time.same(asked.code, code_of(tx, visit))
    if visit.patient_id is None or not is_right:
        tried = msgspec.structs.replace(visit, attempts=visit.attempts + 1)
        store.update_visit(tx, tried)
        tx.record(KioskRefused(subject=visit.id, patient_id=visit.patient_id, attempts=tried.attempts))
        return None
    opened = msgspec.structs.replace(visit, opened_at=tx.now, ends_at=tx.now + PASS_LIVES)
    store.update_visit(tx, opened)
    tx.record(KioskOpened(subject=visit.id, patient_id=visit.patient_id))
    return KioskPass(token=_pass_of(tx, opened), ends_at=opened.ends_at)


def list_own(tx: LookTx, asked: WithPass) -> Page[AppointmentLine]:
    """The visits to come of whoever is known at the kiosk."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    return agenda.list_appointments(tx, AppointmentFilter(from_at=tx.now - timedelta(hours=12)), None, 50)


def check_in(tx: WriteTx, asked: KioskCheckIn) -> Appointment:
    """I am here: a confirmed visit of today."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    return service.check_in_oneself(tx, asked.appointment_id)


def cancel(tx: WriteTx, asked: KioskCancel) -> Appointment:
    """Call a visit off, with the notice that a patient gives everywhere."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    return service.cancel_appointment(tx, asked.appointment_id, Because(reason=asked.reason))


def show_code(tx: WriteTx, patient_id: PatientId) -> KioskCodeShown:
    """For the desk: the code of the patient who stands at the kiosk and has received none; audited as a look at the patient."""
    policy.kiosk_is_on(tx)
    policy.may_see_board(tx)
    patient = people.visible_patient(tx, patient_id)
    visit = store.waiting_of(tx, patient.id)
    if visit is None:
        raise NotFound("Nobody with this record waits at the kiosk")
    tx.record(KioskCodeSeen(subject=visit.id, patient_id=patient.id))
    return KioskCodeShown(id=visit.id, code=code_of(tx, visit), ends_at=visit.ends_at)


def pending_code(tx: ReadTx, visit_id: KioskVisitId) -> str | None:
    """For other rooms: the code to be sent; None when it can no longer be of use."""
    visit = store.visit(tx, visit_id)
    return code_of(tx, visit) if visit and visit.opened_at is None and visit.ends_at > tx.now else None


def forget_old(tx: WriteTx) -> None:
    """Yesterday's visits at the kiosk. For the house."""
    policy.only_house(tx)
    store.forget_old(tx, tx.now - KEPT_FOR)


def code_of(tx: ReadTx, visit: KioskVisit) -> str:
    """Derived, never kept. For the right."""
    return tx.secrets.code("kiosk-code", visit.id, visit.salt)


def _become_patient(tx: LookTx, token: str) -> None:
    """From here on the transaction acts for the patient who was known; a pass that has run out is nobody's."""
    visit = store.visit(tx, KioskVisitId(one_time.row_of(token)))
    if (
        visit is None
        or visit.patient_id is None
        or visit.opened_at is None
        or visit.ends_at <= tx.now
        or not one_time.same(token, _pass_of(tx, visit))
    ):
        raise Unauthenticated("Please begin again at the kiosk", code="KIOSK_CLOSED")
    tx.actor = msgspec.structs.replace(tx.actor, id=f"kiosk:{visit.id}", role="patient", person_id=visit.patient_id)


def _pass_of(tx: ReadTx, visit: KioskVisit) -> str:
    return tx.secrets.token("kiosk-pass", visit.id, visit.salt)
