"""What scheduling does when something is due, or happens elsewhere."""

from esante.kernel.structs import Event
from esante.kernel.transaction import WriteTx
from esante.people.events import PatientRemoving
from esante.people.structs import PractitionerId
from esante.scheduling import availability, service, store
from esante.scheduling.events import (
    ExpireOffer,
    ExpirePendingHold,
    KeepLocalTimes,
    LapseMoveRequest,
    OfferFreedTime,
    ReconfirmationDue,
)
from esante.scheduling.kiosk import service as kiosk
from esante.scheduling.local_times import service as local_times
from esante.scheduling.readiness import service as readiness
from esante.scheduling.reminders import service as reminders
from esante.scheduling.reschedules import service as reschedules
from esante.scheduling.reschedules.structs import MoveRequestId
from esante.scheduling.structs import AppointmentId
from esante.scheduling.waitlist import service as waitlist
from esante.scheduling.waitlist.structs import EntryId
from esante.workplaces import service as workplaces
from esante.workplaces.events import MemberLeft, WorkplaceClosing
from esante.workplaces.structs import WorkplaceId


def expire_pending_hold(tx: WriteTx, task: ExpirePendingHold) -> None:
    """The hold of a request has run out."""
    service.expire_hold(tx, AppointmentId(task.appointment_id))


def note_missed_reconfirmation(tx: WriteTx, task: ReconfirmationDue) -> None:
    """The patient should have said by now whether the new time suits."""
    readiness.note_missed(tx, AppointmentId(task.appointment_id), task.until)


def lapse_move_request(tx: WriteTx, task: LapseMoveRequest) -> None:
    """The time that a wish to move held is free again."""
    reschedules.lapse_wish(tx, MoveRequestId(task.request_id))


def expire_offer(tx: WriteTx, task: ExpireOffer) -> None:
    """An offer from the waiting list has run out."""
    waitlist.expire_offer(tx, EntryId(task.entry_id))


def offer_freed_time(tx: WriteTx, task: OfferFreedTime) -> None:
    """Time has come free: the first in line is asked."""
    waitlist.offer_freed_time(tx, PractitionerId(task.practitioner_id), task.starts_at, task.ends_at)


def note_due_reminders(tx: WriteTx, nothing: None = None) -> None:
    """Every few minutes: which confirmed visits have come within a mark."""
    reminders.note_due(tx)


def mark_missed(tx: WriteTx, nothing: None = None) -> None:
    """Every hour: who never came, where the clinic wants it said by itself."""
    service.mark_missed(tx)


def forget_old(tx: WriteTx, nothing: None = None) -> None:
    """Every night: reminders of visits long past, yesterday's visits at the kiosk."""
    reminders.forget_old(tx)
    kiosk.forget_old(tx)


def heed_setting(tx: WriteTx, event: Event) -> None:
    """The clinic's zone is another one: the subject of the event is the setting's name."""
    if event.subject == "timeZone":
        local_times.keep_local_times(tx)


def keep_local_times(tx: WriteTx, task: KeepLocalTimes) -> None:
    """The next ones."""
    local_times.keep_local_times(tx, task.after_id)


def forget_patient(tx: WriteTx, event: PatientRemoving) -> None:
    """An empty record goes, and with it what is no record: waiting, and visits at the kiosk."""
    waitlist.forget_patient(tx, event.subject)
    kiosk.forget_patient(tx, event.subject)


def leave_site(tx: WriteTx, event: MemberLeft) -> None:
    """Who leaves a site is expected there by nobody, and offers no time there."""
    availability.leave_site(tx, PractitionerId(event.subject), WorkplaceId(event.workplace_id))


def refuse_closing(tx: WriteTx, event: WorkplaceClosing) -> None:
    """A site where somebody is expected is not closed."""
    if coming := store.count_live_at(tx, WorkplaceId(event.subject)):
        raise workplaces.in_use(event.assistants, coming)
