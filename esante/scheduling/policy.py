"""Who may see and change appointments and availability (SPEC 26).

Patients act for themselves and their dependants, practitioners for themselves, assistants by `schedule.read` and
`schedule.write` in a workplace, admins everywhere. What somebody may not see is `NotFound`.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from esante.kernel.actor import Scope
from esante.kernel.errors import Forbidden, Invalid, NotFound
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import Appointment, AppointmentPatch

HIDDEN = "There is no such appointment"


def may_see_slots(tx: ReadTx) -> None:
    """Whoever is signed in."""
    if tx.actor.role == "anonymous":
        raise Forbidden("Sign in to see this")


def may_keep_types(tx: ReadTx) -> None:
    """Admins only."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin may change appointment types")


def may_keep_availability(tx: ReadTx, asked: PractitionerId | None) -> PractitionerId:
    """Whose availability it is: a practitioner's own; for the desk (`schedule.write`) and admins the one they name."""
    actor = tx.actor
    if actor.role == "doctor" and actor.person_id and asked in (None, actor.person_id):
        return PractitionerId(actor.person_id)
    if actor.role == "admin" or (actor.role == "assistant" and actor.has_scope("schedule.write")):
        if asked is None:
            raise Forbidden("Say whose availability it is: practitionerId", code="PRACTITIONER_MISSING")
        speak_for(tx, asked)
        return people.practitioner_brief(tx, asked).id
    raise Forbidden("You may change only your own availability")


def may_book(tx: ReadTx, workplace_id: str) -> None:
    """Patients for themselves; practitioners, admins, and assistants with `schedule.write` there."""
    if tx.actor.role in ("patient", "doctor", "admin"):
        return
    if tx.actor.role == "assistant" and tx.actor.has_scope("schedule.write", workplace_id):
        return
    raise Forbidden("You may not book appointments")


def may_book_with(tx: ReadTx, practitioner_id: PractitionerId) -> None:
    """Practitioners book into their own agenda; the desk into anybody's, on their behalf."""
    if tx.actor.role == "doctor" and tx.actor.person_id != practitioner_id:
        raise Forbidden("You may book only into your own agenda")
    speak_for(tx, practitioner_id)


def may_see_board(tx: ReadTx) -> None:
    """Practitioners, the desk, admins."""
    if tx.actor.role not in ("doctor", "assistant", "admin"):
        raise Forbidden("The board is for the staff")


def may_see(tx: ReadTx, appointment: Appointment) -> None:
    """The patient and guardian, the practitioner, the desk with `schedule.read`, admins."""
    actor = tx.actor
    if actor.role == "patient":
        if appointment.patient_id == actor.person_id or appointment.patient_id in people.acts_for(tx):
            return
    elif actor.role == "doctor":
        if appointment.practitioner_id == actor.person_id:
            return
    elif actor.role == "assistant":
        if reaches(tx, "schedule.read", appointment) or reaches(tx, "schedule.write", appointment):
            return
    elif actor.role == "admin" or actor.is_house:
        return
    raise NotFound(HIDDEN)


def may_manage(tx: ReadTx, appointment: Appointment) -> None:
    """The practitioner, the desk with `schedule.write`, admins. From here on an assistant speaks for the practitioner."""
    may_see(tx, appointment)
    role = tx.actor.role
    if role in ("doctor", "admin"):
        return
    if role == "assistant" and reaches(tx, "schedule.write", appointment):
        speak_for(tx, appointment.practitioner_id)
        return
    raise Forbidden("Only the practitioner and the desk may do this")


def may_attend(tx: ReadTx, appointment: Appointment) -> None:
    """The practitioner of the visit, nobody else."""
    may_see(tx, appointment)
    if tx.actor.role != "doctor":
        raise Forbidden("Only the practitioner of this visit may do this")


def may_cancel(tx: ReadTx, appointment: Appointment) -> None:
    """The patient, and whoever may manage it."""
    may_see(tx, appointment)
    if tx.actor.role != "patient":
        may_manage(tx, appointment)


def may_edit(tx: ReadTx, appointment: Appointment, patch: AppointmentPatch) -> None:
    """Patients their reason and symptoms; whoever may manage it everything."""
    may_see(tx, appointment)
    if tx.actor.role != "patient":
        may_manage(tx, appointment)
    elif any(getattr(patch, name) is not UNSET for name in ("notes", "remote_text", "room_id")):
        raise Forbidden("Only the practitioner and the desk may change this")
    elif patch.reason is None:
        raise Invalid("Say what the visit is about", field="reason")


def may_ask_to_move(tx: ReadTx, appointment: Appointment) -> None:
    """The patient, or the guardian; staff move a visit themselves."""
    may_see(tx, appointment)
    if tx.actor.role != "patient":
        raise Forbidden("Only the patient asks; the desk moves a visit at once")


def may_wait(tx: ReadTx, workplace_id: str) -> None:
    """Who may book may also wait."""
    may_book(tx, workplace_id)


def may_list_waiting(tx: ReadTx) -> tuple[str, dict[str, Any]]:
    """The SQL that narrows the waiting list to what this actor may see, and its bindings.

    Patients their own, practitioners who waits for them or their specialty, the desk and admins everybody.
    """
    actor = tx.actor
    if actor.role == "patient":
        return "patient_id IN (SELECT value FROM json_each(:own))", {"own": list(people.acts_for(tx))}
    if actor.role == "doctor":
        return (
            "(practitioner_id = :own OR offered_practitioner_id = :own"
            " OR specialty_key = (SELECT specialty_key FROM practitioner WHERE id = :own))",
            {"own": actor.person_id},
        )
    reads = actor.has_scope("schedule.read") or actor.has_scope("schedule.write")
    if actor.role == "admin" or actor.is_house or (actor.role == "assistant" and reads):
        return "1 = 1", {}
    raise Forbidden("You may not see who waits")


def may_answer_for(tx: ReadTx, patient_id: PatientId, workplace_id: str) -> None:
    """The patient or guardian, the desk with `schedule.write`, admins; others are not told that there is such an entry."""
    actor = tx.actor
    if actor.role == "admin" or (actor.role == "assistant" and actor.has_scope("schedule.write", workplace_id)):
        return
    if actor.role == "patient" and patient_id in people.acts_for(tx):
        return
    raise NotFound("There is no such entry on the waiting list")


def may_book_series(tx: ReadTx) -> None:
    """Practitioners, the desk and admins; what each visit needs is asked at each."""
    if tx.actor.role not in ("doctor", "assistant", "admin"):
        raise Forbidden("Only the practitioner and the desk may book a series")


def may_keep_feed(tx: ReadTx) -> PractitionerId:
    """A practitioner, for the own agenda."""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a practitioner has a calendar feed")
    return PractitionerId(tx.actor.person_id)


def may_see_own_statistics(tx: ReadTx) -> PractitionerId:
    """A practitioner, of the own visits."""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a practitioner sees these")
    return PractitionerId(tx.actor.person_id)


def is_practitioner(tx: ReadTx) -> PractitionerId:
    """The practitioner whom the actor stands for; anybody but a doctor is refused."""
    if tx.actor.role != "doctor" or not tx.actor.person_id:
        raise Forbidden("Only a doctor may do this")
    return PractitionerId(tx.actor.person_id)


def may_see_working_hours(tx: ReadTx) -> None:
    """Open to everybody: of approved doctors only."""


def may_see_all_statistics(tx: ReadTx) -> None:
    """Admins."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin sees these")


def kiosk_is_on(tx: ReadTx) -> None:
    """The clinic has a kiosk (setting `featureKiosk`); else there is nothing here."""
    if not tx.settings.feature_kiosk:
        raise NotFound("There is nothing at this address")


def may_check_in_oneself(tx: ReadTx, appointment: Appointment) -> None:
    """The patient, or the guardian."""
    may_see(tx, appointment)
    if tx.actor.role != "patient":
        raise Forbidden("Only the patient may do this")


def may_list(tx: ReadTx) -> tuple[str, dict[str, Any]]:
    """The SQL that narrows a list of appointments to what this actor may see, and its bindings."""
    actor = tx.actor
    if actor.role == "patient":
        own = people.acts_for(tx)
        if len(own) == 1:
            return "appointment.patient_id = :own", {"own": own[0]}
        return "appointment.patient_id IN (SELECT value FROM json_each(:own))", {"own": own}
    if actor.role == "doctor":
        return "appointment.practitioner_id = :own", {"own": actor.person_id}
    if actor.role == "assistant":
        places = sorted({place for place, scope in actor.scopes if scope in ("schedule.read", "schedule.write")})
        if places:
            return "appointment.workplace_id IN (SELECT value FROM json_each(:own))", {"own": places}
    if actor.role == "admin" or actor.is_house:
        return "1 = 1", {}
    raise Forbidden("You may not see appointments")


def only_house(tx: ReadTx) -> None:
    """Jobs and the command line."""
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself does this")


def reaches(tx: ReadTx, scope: Scope, appointment: Appointment) -> bool:
    """Has this assistant the scope where the appointment is?"""
    return tx.actor.has_scope(scope, appointment.workplace_id)


def speak_for(tx: ReadTx, practitioner_id: PractitionerId) -> None:
    """An assistant acts on behalf of the practitioner: every audit line of this transaction says so."""
    if tx.actor.role == "assistant":
        tx.actor = msgspec.structs.replace(tx.actor, on_behalf_of=practitioner_id)
