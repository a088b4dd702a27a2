"""Who may see and change appointments and availability (SPEC 26).

Patients act for themselves and their dependants, practitioners for themselves, assistants by `schedule.read` and
`schedule.write` for those for whom they work at a site (WA-10), admins everywhere. What somebody may not see is `NotFound`.
"""

from typing import Any

import msgspec
from msgspec import UNSET

from esante.kernel.actor import EVERYBODY, Scope
from esante.kernel.errors import Forbidden, Invalid, NotFound
from esante.kernel.transaction import ReadTx
from esante.people import service as people
from esante.people.structs import PatientId, PractitionerId
from esante.scheduling.structs import Appointment, AppointmentPatch
from esante.workplaces import service as workplaces
from esante.workplaces.structs import WorkplaceId

HIDDEN = "There is no such appointment"

# Fixed fragments, no values. `:own` is a list of practitioners, or of pairs of site and practitioner (`*`: everybody there).
WAITING_FOR = (
    "(practitioner_id IN (SELECT value FROM json_each(:own)) OR offered_practitioner_id IN (SELECT value FROM json_each(:own))"
    " OR specialty_key IN (SELECT specialty_key FROM practitioner WHERE id IN (SELECT value FROM json_each(:own))))"
)
SITE_SEES = "appointment.workplace_id IN (SELECT value ->> 0 FROM json_each(:own))"
DESK_SEES = (
    "EXISTS (SELECT 1 FROM json_each(:own) g WHERE appointment.workplace_id = g.value ->> 0"
    " AND g.value ->> 1 IN ('*', appointment.practitioner_id))"
)


def may_see_slots(tx: ReadTx) -> None:
    """Whoever is signed in."""
    if tx.actor.role == "anonymous":
        raise Forbidden("Sign in to see this")


def may_keep_types(tx: ReadTx) -> None:
    """Admins only."""
    if tx.actor.role != "admin":
        raise Forbidden("Only an admin may change appointment types")


def may_keep_availability(tx: ReadTx, asked: PractitionerId | None) -> PractitionerId:
    """Whose availability it is: a practitioner's own; for admins, and the desk that works for them, the one they name."""
    actor = tx.actor
    if actor.role == "doctor" and actor.person_id:
        own = PractitionerId(actor.person_id)
        if asked not in (None, own):
            raise Forbidden("You may change only your own availability")
        return own
    if actor.role in ("admin", "assistant"):
        if asked is None:
            raise Forbidden("Say whose availability it is: practitionerId", code="PRACTITIONER_MISSING")
        if keeps_sites(tx, asked) == frozenset():
            raise Forbidden("You do not work for this doctor", code="SCOPE_MISSING")
        speak_for(tx, asked)
        return people.practitioner_brief(tx, asked).id
    raise Forbidden("You may change only your own availability")


def keeps_sites(tx: ReadTx, whose: PractitionerId) -> frozenset[str] | None:
    """At which sites the actor keeps this practitioner's availability; None for all of them."""
    if tx.actor.role != "assistant":
        return None
    granted = {(place, whom) for place, whom, scope in tx.actor.scopes if scope == "schedule.write"}
    return frozenset(
        place
        for place, whom in granted
        if whom == whose or (whom == EVERYBODY and workplaces.works_at(tx, whose, WorkplaceId(place)))
    )


def may_book(tx: ReadTx) -> None:
    """Patients for themselves; practitioners, admins, and assistants with `schedule.write` somewhere."""
    if tx.actor.role in ("patient", "doctor", "admin"):
        return
    if tx.actor.role == "assistant" and tx.actor.has_scope("schedule.write"):
        return
    raise Forbidden("You may not book appointments")


def may_book_with(tx: ReadTx, practitioner_id: PractitionerId, workplace_id: str) -> None:
    """Practitioners book into their own agenda; the desk into those of whom it works for at the site, on their behalf."""
    actor = tx.actor
    if actor.role == "doctor" and actor.person_id != practitioner_id:
        raise Forbidden("You may book only into your own agenda")
    if actor.role == "assistant" and not actor.has_scope("schedule.write", workplace_id, practitioner_id):
        raise Forbidden("You do not work for this doctor", code="SCOPE_MISSING")
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


def may_wait(tx: ReadTx) -> None:
    """Who may book may also wait."""
    may_book(tx)


def may_list_waiting(tx: ReadTx) -> tuple[str, dict[str, Any]]:
    """The SQL that narrows the waiting list to what this actor may see, and its bindings.

    Patients their own, practitioners and their desk who waits for them or their specialty, admins everybody.
    """
    actor = tx.actor
    if actor.role == "patient":
        return "patient_id IN (SELECT value FROM json_each(:own))", {"own": list(people.acts_for(tx))}
    if actor.role == "doctor":
        return WAITING_FOR, {"own": [actor.person_id]}
    if actor.role == "admin" or actor.is_house:
        return "1 = 1", {}
    if actor.role == "assistant" and (whom := actor.serves("schedule.read") | actor.serves("schedule.write")):
        return _waiting_for(whom)
    raise Forbidden("You may not see who waits")


def waiting_for_desk(tx: ReadTx, scope: Scope) -> tuple[str, dict[str, Any]]:
    """Who waits for those for whom this assistant has the scope."""
    return _waiting_for(tx.actor.serves(scope))


def _waiting_for(whom: frozenset[str]) -> tuple[str, dict[str, Any]]:
    return ("1 = 1", {}) if EVERYBODY in whom else (WAITING_FOR, {"own": sorted(whom)})


def may_answer_for(tx: ReadTx, patient_id: PatientId) -> None:
    """The patient or guardian, the desk with `schedule.write`, admins; others are not told that there is such an entry."""
    actor = tx.actor
    if actor.role == "admin" or (actor.role == "assistant" and actor.has_scope("schedule.write")):
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


def may_receive_newcomers(tx: ReadTx) -> None:
    """Admins, and assistants with `patient.write`: those who register patients at the desk."""
    if tx.actor.role != "admin" and not (tx.actor.role == "assistant" and tx.actor.has_scope("patient.write")):
        raise Forbidden("You may not register patients")


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
        granted = {(place, whom) for place, whom, scope in actor.scopes if scope in ("schedule.read", "schedule.write")}
        if granted:
            return DESK_SEES if any(whom != EVERYBODY for _, whom in granted) else SITE_SEES, {"own": sorted(granted)}
    if actor.role == "admin" or actor.is_house:
        return "1 = 1", {}
    raise Forbidden("You may not see appointments")


def only_house(tx: ReadTx) -> None:
    """Jobs and the command line."""
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself does this")


def reaches(tx: ReadTx, scope: Scope, appointment: Appointment) -> bool:
    """Has this assistant the scope where the appointment is, for its practitioner?"""
    return tx.actor.has_scope(scope, appointment.workplace_id, appointment.practitioner_id)


def speak_for(tx: ReadTx, practitioner_id: PractitionerId) -> None:
    """An assistant acts on behalf of the practitioner: every audit line of this transaction says so."""
    if tx.actor.role == "assistant":
        tx.actor = msgspec.structs.replace(tx.actor, on_behalf_of=practitioner_id)
