"""Who treats whom (SPEC 26): written by visits and referrals, read by every policy.

It has no audit line of its own: the line of the visit or the referral names both.
"""

from datetime import datetime, timedelta

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.care import store


def is_treating(tx: ReadTx, practitioner_id: str, patient_id: str) -> bool:
    """For other rooms. Is a relation open, or not yet over?"""
    return store.is_treating(tx, practitioner_id, patient_id)


def open_care(tx: WriteTx, patient_id: str, practitioner_id: str, *, source: str, source_id: str) -> None:
    """For other rooms. The practitioner treats the patient because of `source_id`; a repeat changes nothing."""
    store.open_relation(tx, patient_id, practitioner_id, source, source_id)


def keep_care(tx: WriteTx, patient_id: str, practitioner_id: str, *, source_id: str) -> None:
    """For other rooms. The visit took place: the practitioner goes on treating for the setting `careRelationDays`."""
    until = tx.now + timedelta(days=tx.settings.care_relation_days)
    store.set_until(tx, patient_id, practitioner_id, source_id, until)


def care_since(
    tx: WriteTx, patient_id: str, practitioner_id: str, visited_at: datetime, *, source: str, source_id: str
) -> None:
    """For other rooms. A visit that took place then, elsewhere: the practitioner treats for the rest of `careRelationDays`, if any
    is left."""
    until = visited_at + timedelta(days=tx.settings.care_relation_days)
    if until > tx.now:
        open_care(tx, patient_id, practitioner_id, source=source, source_id=source_id)
        store.set_until(tx, patient_id, practitioner_id, source_id, until)


def end_care(tx: WriteTx, patient_id: str, practitioner_id: str, *, source_id: str) -> None:
    """For other rooms. The visit was cancelled before it happened: the relation ends now. Ended already changes nothing."""
    store.end(tx, patient_id, practitioner_id, source_id)
