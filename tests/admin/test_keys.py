"""The admins learn what was done to the keys, and are asked for the proof of the recovery kit."""

from esante.admin.keys import service as keys
from esante.kernel.actor import house
from tests.conftest import Clinic

CONSOLE = house("cli:test")


def kinds(clinic: Clinic, name: str) -> list[str]:
    return [str(one["kind"]) for one in clinic.notifications(name)]


def test_it_works(clinic: Clinic) -> None:
    clinic.write(CONSOLE, keys.note_slot_added, "slot-1", "recovery-kit")
    clinic.write(CONSOLE, keys.note_kit_proven, "slot-1")
    clinic.run_jobs()
    assert kinds(clinic, "gwen") == ["keys_changed"]
    assert "keys_changed" not in kinds(clinic, "driss") + kinds(clinic, "amina")
    assert [line["subject"] for line in clinic.audit("key.kit_made") + clinic.audit("key.kit_proven")] == ["slot-1"] * 2
    assert clinic.read(CONSOLE, keys.kit_is_proven)


def test_the_proof_is_asked_for_again_after_90_days(clinic: Clinic) -> None:
    clinic.write(CONSOLE, keys.note_slot_added, "slot-1", "recovery-kit")
    clinic.write(CONSOLE, keys.note_kit_proven, "slot-1")
    clinic.clock.advance(days=89)
    clinic.write(CONSOLE, keys.ask_for_proof, None)
    assert clinic.audit("key.kit_proof_due") == []
    clinic.clock.advance(days=2)
    clinic.write(CONSOLE, keys.ask_for_proof, None)
    clinic.run_jobs()
    assert "kit_proof_due" in kinds(clinic, "gwen")
    assert "kit_proof_due" not in kinds(clinic, "amina")


def test_a_clinic_without_a_kit_is_told_so(clinic: Clinic) -> None:
    clinic.write(CONSOLE, keys.note_slot_added, "slot-1", "recovery-kit")
    clinic.write(CONSOLE, keys.note_slot_removed, "slot-1", "recovery-kit")
    clinic.write(CONSOLE, keys.ask_for_proof, None)
    clinic.run_jobs()
    assert "kit_missing" in kinds(clinic, "gwen")
