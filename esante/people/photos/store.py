"""Every statement on photographs."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.photos.structs import PhotoOf


def of_patient(tx: ReadTx, patient_id: str) -> PhotoOf | None:
    return tx.maybe(PhotoOf, "SELECT id AS person_id, photo_id FROM patient WHERE id = ?", patient_id)


def of_practitioner(tx: ReadTx, practitioner_id: str) -> PhotoOf | None:
    return tx.maybe(PhotoOf, "SELECT id AS person_id, photo_id FROM practitioner WHERE id = ?", practitioner_id)


def put_of_patient(tx: WriteTx, patient_id: str, photo_id: str | None) -> None:
    tx.run("UPDATE patient SET photo_id = ? WHERE id = ?", photo_id, patient_id)


def put_of_practitioner(tx: WriteTx, practitioner_id: str, photo_id: str | None) -> None:
    tx.run("UPDATE practitioner SET photo_id = ? WHERE id = ?", photo_id, practitioner_id)


def named_files(tx: ReadTx) -> list[str]:
    return tx.all(
        str,
        "SELECT photo_id FROM patient WHERE photo_id IS NOT NULL"
        " UNION SELECT photo_id FROM practitioner WHERE photo_id IS NOT NULL",
    )
