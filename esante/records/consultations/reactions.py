"""What consultations do when something has happened elsewhere, or has become due."""

from esante.kernel.transaction import WriteTx
from esante.records.consultations import service
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
