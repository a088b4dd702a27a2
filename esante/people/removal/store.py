"""Every statement that takes a patient's record away for good."""

from esante.kernel.transaction import ReadTx, WriteTx


def photo_of(tx: ReadTx, patient_id: str) -> str | None:
    return tx.maybe(str | None, "SELECT photo_id FROM patient WHERE id = ?", patient_id)  # type: ignore[arg-type]


def remove(tx: WriteTx, patient_id: str) -> None:
    """A foreign key of any other table refuses it: appointments, consents, whatever a room keeps of patients."""
    tx.run("DELETE FROM patient_version WHERE patient_id = ?", patient_id)
    tx.run("DELETE FROM care_relation WHERE patient_id = ? AND source = 'registration'", patient_id)
    tx.run("DELETE FROM patient WHERE id = ?", patient_id)


def number_of(tx: ReadTx, patient_id: str) -> int:
    return tx.one(int, "SELECT number FROM patient WHERE id = ?", patient_id)
