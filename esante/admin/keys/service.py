"""Noting what was done to the keys, which is done at the console, and asking for the proof of the recovery kit."""

from datetime import timedelta

from esante.admin import policy
from esante.admin.events import KitMade, KitProofDue, KitProven, SlotAdded, SlotRemoved
from esante.admin.keys import store
from esante.kernel.transaction import ReadTx, WriteTx


def note_slot_added(tx: WriteTx, slot_id: str, kind: str) -> None:
    """For the house: there is one more way to open the keyring."""
    policy.may_run_clinic(tx)
    if kind == "recovery-kit":
        store.insert_kit(tx, slot_id)
        tx.record(KitMade(subject=slot_id))
    else:
        tx.record(SlotAdded(subject=slot_id, kind=kind))


def note_slot_removed(tx: WriteTx, slot_id: str, kind: str) -> None:
    """For the house: a way to open the keyring is gone."""
    policy.may_run_clinic(tx)
    store.delete_kit(tx, slot_id)
    tx.record(SlotRemoved(subject=slot_id, kind=kind))


def note_kit_proven(tx: WriteTx, kit_id: str) -> None:
    """For the house: the kit was typed back, and it opened the keyring."""
    policy.may_run_clinic(tx)
    store.prove_kit(tx, kit_id)
    tx.record(KitProven(subject=kit_id))


def kit_is_proven(tx: ReadTx) -> bool:
    """Whether some kit was typed back within the setting `kitProofDays`."""
    policy.may_run_clinic(tx)
    return store.kits_proven_since(tx, tx.now - timedelta(days=tx.settings.kit_proof_days)) > 0


def ask_for_proof(tx: WriteTx, occurrence: object) -> None:
    """For the house, weekly: while no kit is proved, the admins are asked to make one, or to type theirs back."""
    if not kit_is_proven(tx):
        tx.record(KitProofDue(subject="recovery-kit", kits=store.kits(tx)))
