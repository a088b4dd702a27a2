"""What scheduling does when two records of one patient are merged, and when that is undone: inside the same transaction."""

from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.events import PatientsMerged, PatientsUnmerged
from esante.scheduling.moving import store


def move_to_survivor(tx: WriteTx, event: PatientsMerged) -> None:
    """Visits, places in the waiting list and taken time are the survivor's. Two visits at once then overlap, and say why."""
    other, survivor = event.other_id, event.patient_id or ""
    people.note_moved(tx, event.subject, "appointment", store.move_appointments(tx, other, survivor))
    people.note_moved(tx, event.subject, "waiting", store.move_waiting(tx, other, survivor))
    taken = store.time_of(tx, other)
    overlapping = [one.appointment_id for one in taken if not store.move_time(tx, one, other, survivor)]
    people.note_moved(tx, event.subject, "overlap", overlapping)


def move_back(tx: WriteTx, event: PatientsUnmerged) -> None:
    """What had moved, and the later visits that were chosen, are the other record's again."""
    survivor, other = event.patient_id or "", event.other_id
    ids = people.to_return(tx, event.subject)
    people.note_returned(tx, event.subject, store.move_appointments_back(tx, ids, survivor, other))
    people.note_returned(tx, event.subject, store.move_waiting_back(tx, ids, survivor, other))
    store.move_time_back(tx, people.to_return(tx, event.subject, "overlap"), survivor, other)
