"""The use cases of the kiosk (SPEC SC-34)."""

from datetime import timedelta

import msgspec

from esante.identity import service as identity
from esante.kernel import one_time
from esante.kernel.actor import Role
from esante.kernel.errors import NotFound, TooMany, Unauthenticated
from esante.kernel.structs import Page, new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.people.structs import NewPatient, PatientId, PractitionerFilter, PublicPractitioner
from esante.scheduling import agenda, finder, policy, service, types
from esante.scheduling.events import KioskCodeSeen, KioskNewcomerCame, KioskOpened, KioskRefused
from esante.scheduling.events import KioskStarted as KioskHasStarted
from esante.scheduling.kiosk import store
from esante.scheduling.kiosk.store import MOST_ATTEMPTS
from esante.scheduling.kiosk.structs import (
    KioskBooking,
    KioskCancel,
    KioskCheckIn,
    KioskChoices,
    KioskCode,
    KioskCodeShown,
    KioskDoctors,
    KioskNewcomer,
    KioskPass,
    KioskSlots,
    KioskStart,
    KioskStarted,
    KioskVisit,
    KioskVisitId,
    NewcomerWaiting,
    WithPass,
)
from esante.scheduling.structs import (
    Appointment,
    AppointmentFilter,
    AppointmentLine,
    AppointmentRequest,
    Because,
    Slot,
    SlotFilter,
)

CODE_LIVES = timedelta(minutes=10)
PASS_LIVES = timedelta(minutes=5)
MOST_SLOTS = 50
VAIN_WINDOW, MOST_IN_VAIN = timedelta(minutes=15), 20
"""From one address so many may begin and not go on; who is known by a right code does not count."""
GAP, MOST_PER_HOUR = timedelta(seconds=60), 5
KEPT_FOR = timedelta(days=1)


def start_visit(tx: WriteTx, asked: KioskStart) -> KioskStarted:
    """Somebody gives a mobile number and a birth date. Whom they fit is sent a code, once a minute and five times an hour at
    most; the answer is always the same. Who begins too often in vain at one address waits (`RATE_LIMITED`)."""
    policy.kiosk_is_on(tx)
    mobile = identity.maybe_mobile(tx, asked.mobile_number)
    patient_id = store.patient_with(tx, mobile, asked.birth_date) if mobile else None
    return _begin(tx, patient_id)


def register(tx: WriteTx, asked: KioskNewcomer) -> KioskStarted:
    """Somebody who is new says who they are; the record is made when the desk has read them the code.

    The answer is that of `start_visit`, also when the number is known: then its owner is sent the code, if the birth date fits.
    Refused: a number that is none, a birth date to come, and a clinic that registers at the desk only.
    """
    policy.kiosk_is_on(tx)
    people.check_self_registration(tx, asked.birth_date)
    mobile = identity.mobile(tx, asked.mobile_number)
    if people.patient_with_mobile(tx, mobile):
        return _begin(tx, store.patient_with(tx, mobile, asked.birth_date))
    return _begin(tx, None, asked)


def open_visit(tx: WriteTx, asked: KioskCode) -> KioskPass | None:
    """The code opens one's own visits for five minutes, and makes the record of who is new. None when it is wrong, used or too
    late; five wrong ones end it."""
    policy.kiosk_is_on(tx)
    visit = store.visit(tx, asked.id)
    if visit is None or visit.opened_at is not None or visit.ends_at <= tx.now or visit.attempts >= MOST_ATTEMPTS:
        return None
    is_somebody = visit.patient_id is not None or visit.newcomer is not None
    if not (one_time.same(asked.code, code_of(tx, visit)) and is_somebody):
        tried = msgspec.structs.replace(visit, attempts=visit.attempts + 1)
        store.update_visit(tx, tried)
        tx.record(KioskRefused(subject=visit.id, patient_id=visit.patient_id, attempts=tried.attempts))
        return None
    if visit.newcomer is not None:
        _act_as(tx, visit, None)
        new = NewPatient(**msgspec.structs.asdict(visit.newcomer))
        visit = msgspec.structs.replace(visit, patient_id=people.register_at_kiosk(tx, new), newcomer=None)
    opened = msgspec.structs.replace(visit, opened_at=tx.now, ends_at=tx.now + PASS_LIVES)
    store.update_visit(tx, opened)
    tx.record(KioskOpened(subject=visit.id, patient_id=visit.patient_id))
    return KioskPass(token=_pass_of(tx, opened), ends_at=opened.ends_at)


def list_choices(tx: ReadTx, asked: WithPass) -> KioskChoices:
    """What can be booked, and the specialties that there are."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    return KioskChoices(types=types.list_types(tx), specialties=people.specialties(tx))


def find_doctors(tx: ReadTx, asked: KioskDoctors) -> Page[PublicPractitioner]:
    """The doctors of a specialty, or all, by name."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    return people.find_practitioners(tx, PractitionerFilter(specialty=asked.specialty, cursor=asked.cursor))


def find_slots(tx: ReadTx, asked: KioskSlots) -> list[Slot]:
    """The first free times that fit, as a patient is offered them."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    wanted = {name: getattr(asked, name) for name in KioskSlots.__struct_fields__ if name != "token"}
    return finder.find_slots(tx, SlotFilter(**wanted), MOST_SLOTS)


def book(tx: WriteTx, asked: KioskBooking) -> Appointment:
    """Book a time, by the rules that hold for patients everywhere."""
    policy.kiosk_is_on(tx)
    _become_patient(tx, asked.token)
    wanted = {name: getattr(asked, name) for name in KioskBooking.__struct_fields__ if name != "token"}
    return service.request_appointment(tx, AppointmentRequest(**wanted))


def list_newcomers(tx: LookTx) -> Page[NewcomerWaiting]:
    """For the desk: who waits to be registered, with the code to read out once the identity card was seen. One audit line each."""
    policy.kiosk_is_on(tx)
    policy.may_receive_newcomers(tx)
    shown = []
    for visit in store.newcomers(tx):
        assert visit.newcomer is not None
        given = NewPatient(**msgspec.structs.asdict(visit.newcomer))
        tx.record(KioskCodeSeen(subject=visit.id))
        shown.append(
            NewcomerWaiting(
                id=visit.id,
                first_name=given.first_name,
                last_name=given.last_name,
                birth_date=visit.newcomer.birth_date,
                mobile_number=visit.newcomer.mobile_number,
                seems_known=people.seems_known(tx, given),
                code=code_of(tx, visit),
                ends_at=visit.ends_at,
            )
        )
    return Page(items=shown)


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


def forget_patient(tx: WriteTx, patient_id: str) -> None:
    """For the house. An empty record is removed: its visits at the kiosk go too."""
    store.forget_patient(tx, patient_id)


def code_of(tx: ReadTx, visit: KioskVisit) -> str:
    """Derived, never kept. For the right."""
    return tx.secrets.code("kiosk-code", visit.id, visit.salt)


def _become_patient(tx: ReadTx, token: str) -> None:
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
    _act_as(tx, visit, visit.patient_id)


def _act_as(tx: ReadTx, visit: KioskVisit, patient_id: PatientId | None) -> None:
    """The audit log says that it was done at the kiosk, and by whom once that is known."""
    role: Role = "patient" if patient_id else "anonymous"
    tx.actor = msgspec.structs.replace(tx.actor, id=f"kiosk:{visit.id}", role=role, person_id=patient_id)


def _begin(tx: WriteTx, patient_id: PatientId | None, newcomer: KioskNewcomer | None = None) -> KioskStarted:
    network = identity.network_of(tx.actor.address)
    if store.count_in_vain(tx, network, tx.now - VAIN_WINDOW) >= MOST_IN_VAIN:
        raise TooMany(
            "Too many tries or requests. Please wait and try again",
            code="RATE_LIMITED",
            retry_after=int(VAIN_WINDOW.total_seconds()),
        )
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
        network=network,
        newcomer=newcomer,
    )
    store.insert_visit(tx, visit)
    if patient_id is not None:
        tx.record(KioskHasStarted(subject=visit.id, patient_id=patient_id))
    elif newcomer is not None:
        tx.record(KioskNewcomerCame(subject=visit.id))
    return KioskStarted(id=visit.id, ends_at=visit.ends_at)


def _pass_of(tx: ReadTx, visit: KioskVisit) -> str:
    return tx.secrets.token("kiosk-pass", visit.id, visit.salt)
