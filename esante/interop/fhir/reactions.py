"""What came in from other systems goes along when two records of one patient are merged, and is forgotten with the person."""

from esante.interop.fhir import store
from esante.kernel.transaction import WriteTx
from esante.people import service as people
from esante.people.events import PatientErased, PatientsMerged, PatientsUnmerged


def move_to_survivor(tx: WriteTx, event: PatientsMerged) -> None:
    """What comes in later for the other record goes to the survivor too."""
    for kind, keys in store.move(tx, event.other_id, event.patient_id or "").items():
        people.note_moved(tx, event.subject, kind, keys)


def move_back(tx: WriteTx, event: PatientsUnmerged) -> None:
    """The other record gets its own again."""
    ids, targets = people.to_return(tx, event.subject), people.to_return(tx, event.subject, "importTarget")
    survivor = event.patient_id or ""
    people.note_returned(tx, event.subject, store.move_back(tx, ids, targets, survivor, event.other_id))


def forget_person(tx: WriteTx, event: PatientErased) -> None:
    """The resource that says who the person was is kept no longer."""
    store.forget_originals(tx, event.subject)
