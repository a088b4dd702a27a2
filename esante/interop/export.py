"""One's own data as a ZIP of JSON and files (SPEC PE-18).

Composed from what each room shows to its owner, and streamed as it is made.
"""

import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import msgspec

from esante.identity.accounts import service as accounts
from esante.identity.sessions import service as sessions
from esante.interop.events import OwnDataExported, RecordsCopied
from esante.kernel.errors import NotFound
from esante.kernel.structs import Page
from esante.kernel.transaction import LookTx, WriteTx
from esante.kernel.vault import Vault
from esante.notifications import service as notifications
from esante.people.credentials import service as credentials
from esante.people.family import service as family
from esante.people.patients import service as patients
from esante.people.photos import service as photos
from esante.people.practitioners import service as practitioners
from esante.people.structs import PatientId
from esante.records.chart import service as chart
from esante.records.consultations import service as consultations
from esante.records.consultations.structs import ConsultationFilter
from esante.records.prescriptions import service as prescriptions
from esante.records.prescriptions.structs import PrescriptionFilter
from esante.scheduling import agenda
from esante.scheduling.structs import AppointmentFilter

MOST = 100
EPOCH = (2026, 1, 1, 0, 0, 0)


class Copy(msgspec.Struct, frozen=True):
    """What goes into the archive: JSON documents by their names, and sealed files by theirs."""

    documents: dict[str, bytes]
    files: dict[str, str]


def gather(tx: LookTx) -> Copy:
    """Everything that the clinic shows to the signed-in person about himself, as he would see it on a screen.

    Each room asks its own policy and leaves its own audit lines; one line more says that a copy was taken.
    """
    found: dict[str, Any] = {"account": accounts.me(tx), "sessions": sessions.list_sessions(tx).items}
    files: dict[str, str] = {}
    if tx.actor.role == "patient":
        found |= _of_patient(tx)
    elif tx.actor.role == "doctor":
        found["profile"] = practitioners.own_profile(tx)
        own = credentials.list_own(tx).items
        files |= {f"{one.kind}.jpg": credentials.show_own(tx, one.kind) for one in own}
    if tx.actor.role in ("patient", "doctor"):
        found["appointments"] = _pages(lambda cursor: agenda.list_appointments(tx, AppointmentFilter(), cursor, MOST))
        with suppress(NotFound):
            files["photo.jpg"] = photos.own_photo(tx)
    found["notifications"] = _pages(lambda cursor: notifications.list_notifications(tx, cursor, MOST))
    documents = {f"{name}.json": msgspec.json.format(msgspec.json.encode(value)) for name, value in found.items()}
    tx.record(OwnDataExported(subject=tx.actor.id, patient_id=_patient_id(tx), documents=len(documents) + len(files)))
    return Copy(documents, files)


async def archive(copy: Copy, vault: Vault) -> AsyncIterator[bytes]:
    """The ZIP, piece by piece; files are unsealed as they pass, and nothing touches the disk."""
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as into:  # type: ignore[call-overload]  # it only writes
        for name, document in copy.documents.items():
            into.writestr(_entry(name), document)
            yield sink.taken()
        for name, file_id in copy.files.items():
            with into.open(_entry(name), "w", force_zip64=True) as out:
                async for chunk in vault.open(file_id):
                    out.write(chunk)
                    yield sink.taken()
    yield sink.taken()


def _of_patient(tx: LookTx) -> dict[str, Any]:
    own = PatientId(tx.actor.person_id or "")
    briefs = _pages(
        lambda cursor: consultations.list_of_patient(tx, own, ConsultationFilter(limit=MOST, cursor=cursor))
    )
    return {
        "profile": patients.own_record(tx),
        "dependants": family.list_dependants(tx, own).items,
        "consents": family.list_consents(tx, own).items,
        "consultations": [consultations.open_consultation(tx, one.id) for one in briefs],
        "prescriptions": _pages(
            lambda cursor: prescriptions.list_of_patient(tx, own, PrescriptionFilter(limit=MOST, cursor=cursor))
        ),
        "allergies": chart.list_allergies(tx, own).items,
        "conditions": chart.list_conditions(tx, own).items,
        "immunizations": chart.list_immunizations(tx, own).items,
    }


def note_copy(tx: WriteTx, form: str) -> None:
    """For the house: the console writes a plain file of the clinic's records, in this form. The admins learn of it."""
    tx.record(RecordsCopied(subject="records", form=form))


def _pages(turn: Callable[[str | None], Page[Any]]) -> list[Any]:
    found: list[Any] = []
    cursor: str | None = None
    while True:
        page = turn(cursor)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found


def _patient_id(tx: LookTx) -> str | None:
    return tx.actor.person_id if tx.actor.role == "patient" else None


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


class _Sink:
    """Takes what the archive writes, until it is sent."""

    def __init__(self) -> None:
        self._pieces = bytearray()

    def write(self, piece: bytes) -> int:
        self._pieces += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> bytes:
        pieces = bytes(self._pieces)
        self._pieces.clear()
        return pieces
