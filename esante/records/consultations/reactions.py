"""What consultations do when something has happened elsewhere, or has become due."""

from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.events import PatientsMerged, PatientsUnmerged
from esante.records.consultations import service, store
from esante.records.consultations.events import AnnounceSeal
from esante.records.consultations.structs import ConsultationId
from esante.scheduling.events import AppointmentStarted
from esante.scheduling.structs import AppointmentId


def open_draft(tx: WriteTx, event: AppointmentStarted) -> None:
    """A visit that starts has its draft, in the same transaction."""
    service.open_draft(tx, AppointmentId(event.subject))


def announce_seal(tx: WriteTx, task: AnnounceSeal) -> None:
    """The edit window of a consultation has ended."""
    service.announce_seal(tx, ConsultationId(task.consultation_id))


def move_to_survivor(tx: WriteTx, event: PatientsMerged) -> None:
    """Consultations of the other record are the survivor's, sealed or not."""
    people.note_moved(tx, event.subject, "consultation", store.move(tx, event.other_id, event.patient_id or ""))


def move_back(tx: WriteTx, event: PatientsUnmerged) -> None:
    """They are the other record's again, with the later ones that were chosen."""
    ids = people.to_return(tx, event.subject)
    people.note_returned(tx, event.subject, store.move_back(tx, ids, event.patient_id or "", event.other_id))
