"""What prescriptions do when something has become due."""

from esante.kernel.transaction import WriteTx
from esante.records.prescriptions import service
from esante.records.prescriptions.events import AnnounceLock
from esante.records.prescriptions.structs import PrescriptionId


def announce_lock(tx: WriteTx, task: AnnounceLock) -> None:
    """The edit window of a prescription has ended."""
    service.announce_lock(tx, PrescriptionId(task.prescription_id))
