"""What scheduling does when something is due."""

from esante.kernel.transaction import WriteTx
from esante.scheduling import service
from esante.scheduling.events import ExpirePendingHold
from esante.scheduling.structs import AppointmentId


def expire_pending_hold(tx: WriteTx, task: ExpirePendingHold) -> None:
    """The hold of a request has run out."""
    service.expire_hold(tx, AppointmentId(task.appointment_id))
