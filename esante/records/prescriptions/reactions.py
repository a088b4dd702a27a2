"""What prescriptions do when something has become due."""

from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.events import PatientsMerged, PatientsUnmerged
from esante.records.prescriptions import service, store
from esante.records.prescriptions.events import AnnounceLock
from esante.records.prescriptions.structs import PrescriptionId


def announce_lock(tx: WriteTx, task: AnnounceLock) -> None:
    """The edit window of a prescription has ended."""
    service.announce_lock(tx, PrescriptionId(task.prescription_id))


def move_to_survivor(tx: WriteTx, event: PatientsMerged) -> None:
    """Prescriptions of the other record are the survivor's, sealed or not."""
    people.note_moved(tx, event.subject, "prescription", store.move(tx, event.other_id, event.patient_id or ""))


def move_back(tx: WriteTx, event: PatientsUnmerged) -> None:
    """They are the other record's again, with the later ones that were chosen."""
    ids = people.to_return(tx, event.subject)
    people.note_returned(tx, event.subject, store.move_back(tx, ids, event.patient_id or "", event.other_id))
