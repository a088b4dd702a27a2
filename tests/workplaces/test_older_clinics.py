"""A clinic that is older than members and assignments: its people work where they worked (migration 0012)."""

from pathlib import Path

import pytest

from esante.kernel import migrate
from esante.kernel.connection import open_database
from tests.scheduling.practice import KEY

AT = "2026-01-01T00:00:00.000Z"


def test_it_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    conn = open_database(tmp_path / "esante.db", KEY, "maintenance")
    every = migrate.scripts()
    with monkeypatch.context() as earlier:
        earlier.setattr(migrate, "scripts", lambda: [one for one in every if one.name < "0012"])
        migrate.migrate(conn)
    conn.execute(
        "INSERT INTO workplace (id, name, kind, hours, is_primary, created_at, updated_at)"
        " VALUES ('own', 'Clinic', 'clinic', '[]', 1, ?1, ?1), ('far', 'Elsewhere', 'clinic', '[]', 0, ?1, ?1)",
        (AT,),
    )
    for id, status in (("amina", "approved"), ("newcomer", "pending")):
        conn.execute(
            "INSERT INTO practitioner (id, first_name, last_name, sort_name, specialty, specialty_key, status, source,"
            " created_at, updated_at) VALUES (?1, 'A', 'B', 'b a', 'x', 'x', ?2, 'desk', ?3, ?3)",
            (id, status, AT),
        )
    conn.execute(
        "INSERT INTO account (id, status, language, created_at, updated_at) VALUES ('chloe', 'active', 'fr', ?1, ?1)",
        (AT,),
    )
    for scope in ("billing", "messages"):
        conn.execute("INSERT INTO assistant_scope VALUES ('chloe', 'own', ?, ?)", (scope, AT))
    migrate.migrate(conn)
    assert conn.execute("SELECT workplace_id, practitioner_id, is_primary FROM workplace_member").fetchall() == [
        ("own", "amina", 1)
    ]
    found = conn.execute("SELECT account_id, workplace_id, scopes, length(id) FROM assistant_assignment").fetchall()
    assert found == [("chloe", "own", '["billing","messages"]', 36)]
    conn.close()
