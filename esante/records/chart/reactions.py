"""What the chart does when two records of one patient are merged, and when that is undone."""

from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.events import PatientsMerged, PatientsUnmerged
from esante.records.chart import store


def move_to_survivor(tx: WriteTx, event: PatientsMerged) -> None:
    """Allergies, conditions and immunizations of the other record are the survivor's."""
    for kind, ids in store.move(tx, event.other_id, event.patient_id or "").items():
        people.note_moved(tx, event.subject, kind, ids)


def move_back(tx: WriteTx, event: PatientsUnmerged) -> None:
    """They are the other record's again, with the later ones that were chosen."""
    ids = people.to_return(tx, event.subject)
    people.note_returned(tx, event.subject, store.move_back(tx, ids, event.patient_id or "", event.other_id))
