"""The ways to the keyring: key file, passphrase, recovery kit; and the seal that shows who wrote it."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from esante.kernel import keyring, slots
from esante.kernel.errors import Broken

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSPHRASE = "four words are enough"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "PASSPHRASE_COST", (1_024, 1, 1))


@pytest.fixture
def ring(tmp_path: Path) -> keyring.Keyring:
    return keyring.create(tmp_path, tmp_path / "away" / "key")


def test_it_works(tmp_path: Path, ring: keyring.Keyring) -> None:
    kit = slots.new_kit()
    keyring.add_slot(tmp_path, ring, slots.passphrase_slot(ring.encryption_key, PASSPHRASE, NOW))
    keyring.add_slot(tmp_path, ring, slots.kit_slot(ring.encryption_key, kit.recipient, NOW))
    ways = [
        keyring.unlock(tmp_path, tmp_path / "away" / "key"),
        keyring.unlock_with_passphrase(tmp_path, PASSPHRASE),
        keyring.unlock_with_identity(tmp_path, kit.identity),
        keyring.unlock_with_identity(tmp_path, "\n ".join(kit.words).upper()),
    ]
    assert {way.key("database") for way in ways} == {ring.key("database")}
    assert ways[0].kit_recipients == [kit.recipient]


def test_wrong_secrets_are_refused(tmp_path: Path, ring: keyring.Keyring) -> None:
    keyring.add_slot(tmp_path, ring, slots.passphrase_slot(ring.encryption_key, PASSPHRASE, NOW))
    with pytest.raises(Broken, match="not the passphrase"):
        keyring.unlock_with_passphrase(tmp_path, PASSPHRASE + " ")
    with pytest.raises(Broken, match="does not belong to the clinic"):
        keyring.unlock_with_identity(tmp_path, slots.new_kit().identity)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(Broken, match="12 characters or more"):
        slots.passphrase_slot(bytes(32), "short", NOW)


@settings(max_examples=30, deadline=None)
@given(some.binary(min_size=32, max_size=32))
def test_words_and_identity_are_the_same_secret(key: bytes) -> None:
    kit = slots.kit_from(slots.identity_of(key))
    assert len(kit.words) == 24
    assert slots.kit_from(" ".join(kit.words)) == kit


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda words: words[:-1], "23 were given"),
        (lambda words: [], "0 were given"),
        (lambda words: ["clinic?", *words[1:]], "Not a word of the recovery kit's list: clinic\\?"),
        (lambda words: [words[1], words[0], *words[2:]], "do not fit together"),
        (lambda words: ["AGE-SECRET-KEY-1QQQQ"], "typing slip"),
        (lambda words: [slots.identity_of(bytes(32))[:-1] + "Q"], "typing slip"),
    ],
)
def test_a_slip_is_named(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    words = slots.kit_from(slots.identity_of(bytes(range(32)))).words
    with pytest.raises(Broken, match=reason):
        slots.kit_from(" ".join(change(words)))


def test_the_paper_is_not_on_the_box(tmp_path: Path, ring: keyring.Keyring) -> None:
    kit = slots.new_kit()
    keyring.add_slot(tmp_path, ring, slots.kit_slot(ring.encryption_key, kit.recipient, NOW))
    kept = (tmp_path / "keyring").read_text()
    assert kit.recipient in kept
    assert kit.identity not in kept
    assert kit.identity not in repr(kit)


def test_a_kit_is_proved_by_typing_it_back(tmp_path: Path, ring: keyring.Keyring) -> None:
    kit = slots.new_kit()
    ring = keyring.add_slot(tmp_path, ring, slots.kit_slot(ring.encryption_key, kit.recipient, NOW))
    assert ring.kits[0].proven_at is None
    ring, proven = keyring.prove_kit(tmp_path, ring, kit, NOW)
    assert (ring.kits, proven.proven_at) == ([proven], NOW)
    with pytest.raises(Broken, match="not one of this clinic's"):
        keyring.prove_kit(tmp_path, ring, slots.new_kit(), NOW)


def test_somebody_without_a_key_cannot_add_his_own_kit(tmp_path: Path, ring: keyring.Keyring) -> None:
    path = tmp_path / "keyring"
    theirs = slots.kit_slot(bytes(32), slots.new_kit().recipient, NOW)
    content = json.loads(path.read_bytes())
    content["slots"].append(json.loads(msgspec.json.encode(theirs)))
    path.write_text(json.dumps(content))
    with pytest.raises(Broken, match="changed by somebody who does not have its keys"):
        keyring.unlock(tmp_path, tmp_path / "away" / "key")
    with pytest.raises(Broken, match="changed by somebody"):
        keyring.add_slot(tmp_path, ring, theirs)


def test_the_last_way_to_start_is_not_removed(tmp_path: Path, ring: keyring.Keyring) -> None:
    first = ring.slots[0].id
    ring = keyring.add_slot(tmp_path, ring, slots.kit_slot(ring.encryption_key, slots.new_kit().recipient, NOW))
    with pytest.raises(Broken, match="only slot that starts the clinic"):
        keyring.remove_slot(tmp_path, ring, first)
    ring = keyring.add_slot(tmp_path, ring, slots.passphrase_slot(ring.encryption_key, PASSPHRASE, NOW))
    keyring.remove_slot(tmp_path, ring, first)
    with pytest.raises(Broken, match="is not the key of the clinic"):
        keyring.unlock(tmp_path, tmp_path / "away" / "key")
    with pytest.raises(Broken, match="There is no slot"):
        keyring.remove_slot(tmp_path, ring, first)


def test_a_started_process_opens_the_keyring_without_a_secret_in_sight(tmp_path: Path, ring: keyring.Keyring) -> None:
    asked = "import sys; from pathlib import Path; from esante.kernel import keyring as k; f = Path(sys.argv[1]);"
    asked += " print(k.unlock_handed_over(f).key('files').hex(), k.unlock_handed_over(f))"
    with keyring.handed_over(ring) as (environment, handles):
        assert base64.b64encode(ring.encryption_key).decode() not in str(environment)
        root = Path(__file__).parent.parent.parent
        done = subprocess.run(
            [sys.executable, "-c", asked, str(tmp_path)],
            env={"PYTHONPATH": str(root), **environment}, pass_fds=handles, capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.split() == [ring.key("files").hex(), "None"]
