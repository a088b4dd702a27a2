"""Who may see the lists of a chart: who treats the patient or wrote there, the patient, assistants with `records.read`."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx
from esante.people.structs import PatientId
from esante.records.prescriptions import service as prescriptions


def may_read(tx: ReadTx, patient_id: PatientId) -> None:
    """`NotFound` for a doctor without relation and for another patient, `Forbidden` for other roles."""
    prescriptions.may_read_chart(tx, patient_id)


def house_only(tx: ReadTx) -> None:
    if not tx.actor.is_house:
        raise Forbidden("Only the clinic itself may do this")
