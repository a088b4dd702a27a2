"""A clinic comes to a newer schema on a copy that is checked and switched; what fails leaves the old clinic as it was."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from esante.app import DATABASE, bring_up_to_date
from esante.kernel import audit_log, files, keyring, migrate, switching, upgrade
from esante.kernel.connection import open_database
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

LINE = ("amina", "doctor", None, None, None, None, "thing.made", "info", "done", None, "t1", None, None, None)
GOOD = "CREATE TABLE toy (id INTEGER PRIMARY KEY, name TEXT) STRICT; INSERT INTO toy (name) VALUES ('bear');"


class PowerFailure(BaseException):
    """The process ends here."""


@pytest.fixture
def ring(tmp_path: Path) -> Keyring:
    ring = keyring.create(tmp_path, tmp_path / "away" / "key")
    bring_up_to_date(tmp_path, ring, new=True)
    conn = open_database(tmp_path / DATABASE, ring.key("database"), "writer")
    with conn:
        audit_log.append(conn, ring.key("audit"), audit_log.head(conn), "2026-11-20T12:00:00.000Z", [LINE])
    conn.close()
    return ring


@pytest.fixture
def newer(tmp_path: Path, ring: Keyring, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """The program of tomorrow: this one, with one more migration."""

    def release(sql: str) -> int:
        folder, number = tmp_path / "migrations", migrate.newest() + 1
        folder.mkdir()
        for script in migrate.scripts():
            (folder / script.name).write_bytes(script.read_bytes())
        (folder / f"{number:04}_toys.sql").write_text(sql)
        monkeypatch.setattr(migrate, "FOLDER", folder)
        return number

    return release


def schema(folder: Path, ring: Keyring) -> int:
    conn = open_database(folder / DATABASE, ring.key("database"), "reader")
    try:
        assert audit_log.verify(conn, ring.audit_keys).lines == 1
        return migrate.version(conn)
    finally:
        conn.close()


def litter(folder: Path) -> set[str]:
    return {path.name for path in folder.glob(f"{DATABASE}*")} - {DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"}


def test_it_works(tmp_path: Path, ring: Keyring, newer: Callable[[str], int]) -> None:
    number = newer(GOOD)
    assert bring_up_to_date(tmp_path, ring) == [f"{number:04}_toys.sql"]
    assert schema(tmp_path, ring) == number
    assert litter(tmp_path) == {f"{DATABASE}.v{number - 1}"}
    assert bring_up_to_date(tmp_path, ring) == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE TABLE toy (id INTEGER PRIMARY KEY); SELECT no_such_function();", "failed: "),
        ("DELETE FROM migration WHERE number = 1", "would change migration from"),
        ("DROP TRIGGER audit_is_kept; DELETE FROM audit", "would change audit from 1 to 0 rows"),
        (
            "-- changes rows of: audit\nDROP TRIGGER audit_is_kept; DELETE FROM audit",
            "would change the audit log",
        ),
        (
            "CREATE TABLE toy (id INTEGER PRIMARY KEY, patient TEXT REFERENCES patient (id)) STRICT;"
            "INSERT INTO toy VALUES (1, 'nobody')",
            "rows without their parents",
        ),
    ],
)
def test_what_fails_leaves_the_old_clinic(
    tmp_path: Path, ring: Keyring, newer: Callable[[str], int], sql: str, reason: str
) -> None:
    number, before = newer(sql), (tmp_path / DATABASE).read_bytes()
    for attempt in (bring_up_to_date, lambda folder, ring: upgrade.attempt(folder / DATABASE, ring)):
        with pytest.raises(Broken, match=reason):
            attempt(tmp_path, ring)  # type: ignore[operator]
        assert (tmp_path / DATABASE).read_bytes() == before
        assert litter(tmp_path) == set()
    assert schema(tmp_path, ring) == number - 1


def test_a_trial_changes_nothing(tmp_path: Path, ring: Keyring, newer: Callable[[str], int]) -> None:
    number = newer(GOOD)
    found = upgrade.attempt(tmp_path / DATABASE, ring)
    assert (found.from_schema, found.to_schema, len(found.migrations)) == (number - 1, number, 1)
    assert schema(tmp_path, ring) == number - 1
    assert litter(tmp_path) == set()


def test_a_newer_schema_is_refused(
    tmp_path: Path, ring: Keyring, newer: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(GOOD)
    bring_up_to_date(tmp_path, ring)
    monkeypatch.undo()
    with pytest.raises(Broken, match="newer than this program knows"):
        bring_up_to_date(tmp_path, ring)
    with pytest.raises(Broken, match="newer than this program knows"):
        upgrade.attempt(tmp_path / DATABASE, ring)


def test_the_way_back(
    tmp_path: Path, ring: Keyring, newer: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Broken, match="nothing to go back to"):
        upgrade.go_back(tmp_path / DATABASE, ring)
    number = newer(GOOD)
    bring_up_to_date(tmp_path, ring)
    monkeypatch.undo()
    assert upgrade.go_back(tmp_path / DATABASE, ring) == (number, number - 1)
    assert schema(tmp_path, ring) == number - 1
    assert bring_up_to_date(tmp_path, ring) == []
    assert litter(tmp_path) == {f"{DATABASE}.left"}


STEPS: list[tuple[Any, str]] = [
    (switching, "copied"),
    (upgrade, "_migrated"),
    (switching, "switch"),
    (files, "settle"),
    (files, "sync_folder"),
]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)))
def test_wherever_the_power_fails_the_next_start_goes_on(
    tmp_path: Path, ring: Keyring, newer: Callable[[str], int], monkeypatch: pytest.MonkeyPatch, when: str, step: int
) -> None:
    number = newer(GOOD)
    holder, name = STEPS[step]
    real = getattr(holder, name)

    def failing(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            real(*args, **kwargs)
        raise PowerFailure

    with monkeypatch.context() as patch:
        patch.setattr(holder, name, failing)
        with pytest.raises(PowerFailure):
            bring_up_to_date(tmp_path, ring)
    bring_up_to_date(tmp_path, ring)
    assert schema(tmp_path, ring) == number
    assert litter(tmp_path) <= {f"{DATABASE}.v{number - 1}"}


def test_a_full_disk_is_said_before_anything_is_done(
    tmp_path: Path, ring: Keyring, newer: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    newer(GOOD)
    monkeypatch.setattr(switching, "SPARE_BYTES", 10**15)
    for attempt in (bring_up_to_date, lambda folder, ring: upgrade.attempt(folder / DATABASE, ring)):
        with pytest.raises(Broken, match=r"no room for it: free \d+ MB more"):
            attempt(tmp_path, ring)  # type: ignore[operator]
    assert litter(tmp_path) == set()
