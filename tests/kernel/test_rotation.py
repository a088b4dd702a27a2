"""A key is replaced whole or not at all, wherever the power fails; what the former key sealed still opens."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from esante.app import DATABASE, bring_up_to_date
from esante.kernel import audit_log, files, keyring, rotation, switching
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import PURPOSES, Keyring, Purpose
from esante.kernel.vault import Vault

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class PowerFailure(BaseException):
    """The process ends here."""


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = keyring.create(tmp_path, tmp_path / "away" / "key")
    bring_up_to_date(tmp_path, ring, new=True)
    return ring


def again(folder: Path) -> Keyring:
    """What the next start finds."""
    return rotation.settle(folder / DATABASE, keyring.unlock(folder, folder / "away" / "key"))


def lines(folder: Path, ring: Keyring) -> list[str]:
    conn = open_database(folder / DATABASE, ring.key("database"), "reader")
    try:
        assert audit_log.verify(conn, ring.audit_keys).ok
        return [
            str(row[0]) for row in conn.execute("SELECT subject FROM audit WHERE action = 'key.rotated' ORDER BY seq")
        ]
    finally:
        conn.close()


def test_it_works(tmp_path: Path, ring: Keyring) -> None:
    before = ring
    for purpose in PURPOSES:
        ring = rotation.rotate(tmp_path / DATABASE, ring, purpose, "cli:test", NOW)
    ring = again(tmp_path)
    for purpose in PURPOSES:
        assert ring.key(purpose) != before.key(purpose)
        assert ring.former(purpose) == [before.key(purpose)]
    assert [line.split(":")[0] for line in lines(tmp_path, ring)] == list(PURPOSES)


def test_the_former_key_no_longer_opens_the_database(tmp_path: Path, ring: Keyring) -> None:
    after = rotation.rotate(tmp_path / DATABASE, ring, "database", "cli:test", NOW)
    with pytest.raises(Broken, match="does not open with this key"):
        open_database(tmp_path / DATABASE, ring.key("database"), "reader")
    open_database(tmp_path / DATABASE, after.key("database"), "reader").close()
    assert {path.name for path in tmp_path.glob("esante.db*")} <= {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}


def test_the_log_is_provable_through_several_keys(tmp_path: Path, ring: Keyring) -> None:
    for _ in range(3):
        ring = rotation.rotate(tmp_path / DATABASE, ring, "audit", "cli:test", NOW)
        ring = rotation.rotate(tmp_path / DATABASE, ring, "sessions", "cli:test", NOW)
    assert len(lines(tmp_path, again(tmp_path))) == 6
    conn = open_database(tmp_path / DATABASE, ring.key("database"), "reader")
    assert audit_log.verify(conn, ring.audit_keys[1:]).first_bad == 1
    assert audit_log.verify(conn, ring.audit_keys[:1]).first_bad == 2
    conn.close()


async def test_a_file_opens_under_the_key_that_sealed_it(tmp_path: Path, ring: Keyring) -> None:
    async def content(text: bytes) -> AsyncIterator[bytes]:
        yield text

    old = await Vault(tmp_path / "files", ring.key("files")).save(content(b"x" * 300_000))
    empty = await Vault(tmp_path / "files", ring.key("files")).save(content(b""))
    ring = rotation.rotate(tmp_path / DATABASE, ring, "files", "cli:test", NOW)
    vault = Vault(tmp_path / "files", ring.key("files"), ring.former("files"))
    new = await vault.save(content(b"y"))
    read = [b"".join([block async for block in vault.open(one.id)]) for one in (old, empty, new)]
    assert read == [b"x" * 300_000, b"", b"y"]
    with pytest.raises(Broken, match="damaged at block 0"):
        [block async for block in Vault(tmp_path / "files", ring.key("files")).open(old.id)]


STEPS: list[tuple[Any, str]] = [
    (keyring, "begin_rotation"),
    (switching, "copied"),
    (rotation, "_under"),
    (rotation, "_note"),
    (switching, "switch"),
    (files, "settle"),
    (keyring, "finish_rotation"),
]


@pytest.mark.parametrize("purpose", ["database", "audit", "links"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_wherever_the_power_fails_the_next_start_goes_on(
    tmp_path: Path, ring: Keyring, monkeypatch: pytest.MonkeyPatch, purpose: Purpose, when: str, step: int
) -> None:
    holder, name = STEPS[step]
    real: Callable[..., Any] = getattr(holder, name)

    def failing(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            real(*args, **kwargs)
        raise PowerFailure

    monkeypatch.setattr(holder, name, failing)
    try:
        rotation.rotate(tmp_path / DATABASE, ring, purpose, "cli:test", NOW)
    except PowerFailure:
        monkeypatch.setattr(holder, name, real)
    after = again(tmp_path)
    assert after.coming == {}
    assert not list(tmp_path.glob("*.new*"))
    rotated = after.key(purpose) != ring.key(purpose)
    assert rotated == (lines(tmp_path, after) != []), "the log says what happened"
    if rotated:
        assert after.former(purpose) == [ring.key(purpose)]
    rotation.rotate(tmp_path / DATABASE, after, purpose, "cli:test", NOW)
