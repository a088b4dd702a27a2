"""Files for other programs: a plain SQLite copy, with names or without, and a list of patients as CSV."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from esante.cli.exchange import csv_patients
from esante.kernel import keyring
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.errors import Broken
from tests.process import ROOT, run

LIST = """N° dossier;Nom;Prénom;Date de naissance;Sexe;Portable;Courriel;Ville;Groupe
A1;Lefèvre;Élodie;03/02/1980;F;06 12 34 56 78;elodie@clinic.example;Lyon;x
A2;Benali;Karim;31/02/1990;M;;;Lyon;x
A3;;Sans;01/01/1990;M;;;Lyon;x
A4;Martin;Zoé;1999-12-31;femme;;;Paris;x
;;;;;;;;
A5;Petit;Ugo;1/5/2001;?;;;Paris;x
"""


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    file = tmp_path / "esante.toml"
    file.write_text(f'[keys]\nfile = "{tmp_path / "key"}"\n[log]\nlevel = "error"\n')
    options = ["--data", str(tmp_path / "data"), "--config", str(file)]
    run("init", *options)
    return options


@pytest.fixture
def patients(tmp_path: Path) -> str:
    file = tmp_path / "patients.csv"
    file.write_text(LIST, encoding="utf-8-sig")
    return str(file)


def refused(*arguments: str) -> str:
    done = run(*arguments, check=False)
    assert done.returncode == 1
    return " ".join(done.stderr.split())


def test_a_list_is_previewed_imported_and_not_imported_twice(options: list[str], patients: str) -> None:
    shown = json.loads(run("import", "csv", patients, "--preview", "--json", *options).stdout)
    assert shown["columns"]["birthDate"] == "Date de naissance"
    assert shown["unused"] == ["Groupe"]
    first, second = (json.loads(run("import", "csv", patients, "--json", *options).stdout) for _ in range(2))
    assert (first["read"], first["imported"], first["refused"]) == (5, 2, 3)
    assert {problem["entry"] for problem in first["problems"]} == {"row 2", "row 3", "row 6"}
    assert (second["imported"], second["alreadyThere"]) == (0, 2)


def test_a_plain_copy_holds_types_keys_search_and_views(tmp_path: Path, options: list[str], patients: str) -> None:
    run("import", "csv", patients, *options)
    file = tmp_path / "plain.db"
    found = json.loads(run("export", "sqlite", str(file), "--json", *options).stdout)
    assert found["rows"]["patient"] == 2
    assert file.stat().st_mode & 0o777 == 0o600
    conn = sqlite3.connect(file)
    assert conn.execute("SELECT last_name FROM patient ORDER BY last_name").fetchall() == [("Lefèvre",), ("Martin",)]
    assert conn.execute("SELECT count(*) FROM patient_fts WHERE patient_fts MATCH 'lefevre'").fetchone() == (1,)
    assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
    assert ("patient", "patient_id", "id") in [row[2:5] for row in conn.execute("PRAGMA foreign_key_list(appointment)")]
    assert conn.execute("SELECT * FROM appointments_in_words").fetchall() == []
    assert {row[0] for row in conn.execute("SELECT name FROM sqlite_master")} & {"account", "session", "audit"} == set()
    conn.close()
    assert "exists already" in refused("export", "sqlite", str(file), *options)


def test_a_pseudonymised_copy_names_nobody(tmp_path: Path, options: list[str], patients: str) -> None:
    run("import", "csv", patients, *options)
    copies = [tmp_path / "one.db", tmp_path / "two.db"]
    ids = []
    for file in copies:
        run("export", "sqlite", str(file), "--pseudonymised", *options)
        conn = sqlite3.connect(file)
        rows = conn.execute("SELECT id, birth_date, gender FROM patient ORDER BY birth_date").fetchall()
        assert [row[1:] for row in rows] == [("1980", "female"), ("1999", "female")]
        ids.append({row[0] for row in rows})
        conn.close()
        content = file.read_bytes()
        for word in ("Lef", "Martin", "Zo", "clinic.example", "06 12", "Lyon"):
            assert word.encode() not in content
    assert ids[0].isdisjoint(ids[1]), "two copies cannot be joined"


def test_an_export_is_in_the_log_before_it_is_made(tmp_path: Path, options: list[str]) -> None:
    assert "/nowhere" in refused("export", "sqlite", "/nowhere/file.db", "--pseudonymised", *options)
    keys = keyring.unlock(tmp_path / "data", tmp_path / "key")
    conn = open_database(tmp_path / "data" / DATABASE, keys.key("database"), "reader")
    found = conn.execute("SELECT severity, detail FROM audit WHERE action = 'export.copied'").fetchall()
    conn.close()
    assert [(severity, json.loads(str(detail))["form"]) for severity, detail in found] == [
        ("critical", "sqlite-pseudonymised")
    ]


def test_the_server_never_loads_another_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # coverage itself keeps what it counts with it
    asked = "import esante.cli.main, esante.server, sys; print('sqlite3' in sys.modules, 'sqlite_utils' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize(
    ("text", "dates", "day"),
    [
        ("03/02/1980", "dmy", "1980-02-03"),
        ("03/02/1980", "mdy", "1980-03-02"),
        ("1980-02-03", "mdy", "1980-02-03"),
        ("3.2.1980 00:00", "dmy", "1980-02-03"),
    ],
)
def test_days_are_read_in_the_order_that_was_said(text: str, dates: csv_patients.Dates, day: str) -> None:
    [row] = csv_patients.patients(
        [{"n": "Roux", "p": "Ada", "d": text}], {"lastName": "n", "firstName": "p", "birthDate": "d"}, dates
    )
    assert row.patient
    assert row.patient["birthDate"] == day


def test_columns_are_named_where_their_names_do_not_say(options: list[str], tmp_path: Path) -> None:
    columns = ["who", "given", "since"]
    with pytest.raises(Broken, match="No column is lastName or firstName"):
        csv_patients.mapping(columns, [])
    assert csv_patients.mapping(columns, ["who=lastName", "given=firstName"]) == {
        "lastName": "who",
        "firstName": "given",
    }
    with pytest.raises(Broken, match="no column 'nobody'"):
        csv_patients.mapping(columns, ["nobody=lastName"])
    with pytest.raises(Broken, match="takes COLUMN=FIELD"):
        csv_patients.mapping(columns, ["who=surprise"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"a;b\n", b"{"])
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with pytest.raises(Broken, match=r"file\.csv"):
        csv_patients.read(file)
