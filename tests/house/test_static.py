"""What a reader of the code would look for first: loose SQL, files written past the one place, rows given to anybody who knows
their id, another SQLite, naive time, known bad calls. Each rule must also find what is wrong in a few lines that are."""

import ast
import importlib.util
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.house import rules
from tests.house.lookups import House
from tests.live import wait_until
from tests.process import Served, run

ROOT = Path(__file__).parent.parent.parent
HOUSE = ROOT / "esante"

Rule = Callable[[ast.AST], Iterator[str]]

WRITERS = {
    "cli/exchange/plain_copy.py": "a plain copy, made empty at 0600 before SQLite opens it",
    "cli/main.py": "the key file of `esante init`, made at 0600 and given away once",
    "interop/export.py": "an entry of a ZIP that is being sent",
    "kernel/backup/archive.py": "the parts of an archive, streamed into a draft that takes its name when whole",
    "kernel/backup/pace.py": "a scratch file, made shorter step by step before it goes",
    "kernel/connection.py": "the empty database, at 0600 before SQLite opens it",
    "kernel/disk.py": "the ballast",
    "kernel/files.py": "the one place: whole or not at all",
    "kernel/log.py": "the log, appended to",
}
"""Who opens a file for writing, and why that may be."""

LOOSE = {
    "audit/review/store.py {_OPEN if state == 'open' else _CLOSED}": "one of two constants",
    "audit/review/store.py {mine}": "a constant, or nothing",
    "audit/store.py {' AND '.join(conditions)}": "constants, one for each filter that is given",
    "cli/exchange/plain_copy.py {names}": "columns, as the schema names them",
    "cli/exchange/plain_copy.py {table}": "tables, as the schema names them",
    "identity/leaving/store.py {table}": "tables, as the schema names them",
    "kernel/migrate.py {name}": "tables, as the schema names them",
    "scheduling/store.py {' AND '.join(conditions)}": "constants, one for each filter that is given",
    "scheduling/waitlist/store.py {' AND '.join(conditions)}": "constants, one for each filter that is given",
    "scheduling/store.py {', '.join(COLUMNS)}": "the fields of the row's struct",
    "scheduling/store.py {', '.join((f':{name}' for name in COLUMNS))}": "the fields of the row's struct",
}
"""Pieces of SQL that were read, and why they are fixed too."""

TELLERS = {"kernel/clock.py": "the one place that asks what time it is"}

READ = {
    "esante.identity.one_time.service.fitting_token": "the secret in the request is compared first",
    "esante.identity.passwords.service.passwords_so_far": "hashes that a new password is compared with; they are not shown",
    "esante.identity.sessions.service.refresh": "the refresh token is compared first",
    "esante.identity.sign_in.service._ticket": "the ticket's secret is compared first",
    "esante.identity.sign_in.service.finish_sign_in": "the ticket's secret and the code are compared first",
    "esante.identity.sign_in.service.sign_in": "the password was checked before",
    "esante.people.patients.service.register_patient": "the row that was just made",
    "esante.people.practitioners.service.bookable_practitioner": "approved doctors, whom the clinic shows",
    "esante.people.practitioners.store.public": "what the clinic shows of approved doctors",
    "esante.scheduling.availability_store.template": "working hours, which are public for approved doctors",
    "esante.scheduling.calendars.service.read_feed": "the token of the address is compared first",
    "esante.scheduling.kiosk.service.open_visit": "the code is compared first",
    "esante.scheduling.types.bookable_type": "kinds of visits, which whoever may book is shown",
    "esante.scheduling.types.list_own_prices": "prices, which whoever is signed in is shown",
    "esante.workplaces.members.store.members": "who works at a site, which whoever is signed in is shown",
    "esante.workplaces.members.store.place": "the site that was just made",
    "esante.workplaces.members.store.places": "where an approved doctor works, which is public",
    "esante.workplaces.sites.service.workplace": "sites, which whoever is signed in is shown",
}
"""What gives away rows by their id and was read: the reason why nobody need be asked."""


@cache
def modules() -> list[tuple[str, ast.Module]]:
    return [
        (str(file.relative_to(HOUSE)), ast.parse(file.read_text(encoding="utf-8")))
        for file in sorted(HOUSE.rglob("*.py"))
    ]


def found_by(rule: Rule) -> dict[str, set[str]]:
    found = {name: set(rule(tree)) for name, tree in modules()}
    return {name: what for name, what in found.items() if what}


def test_sql_is_put_together_of_fixed_pieces_only() -> None:
    """Values are bound. What stands in braces is a constant, or a fragment that a policy gave."""
    wrong = {f"{name} {piece}" for name, pieces in found_by(rules.loose_sql).items() for piece in pieces}
    assert (wrong - LOOSE.keys(), LOOSE.keys() - wrong) == (set(), set())


def test_files_are_written_in_one_place() -> None:
    found = found_by(rules.files_written)
    assert ({name: found[name] for name in found.keys() - WRITERS.keys()}, WRITERS.keys() - found.keys()) == ({}, set())


def test_time_is_asked_for_in_one_place() -> None:
    found = found_by(rules.naive_times)
    assert ({name: found[name] for name in found.keys() - TELLERS.keys()}, TELLERS.keys() - found.keys()) == ({}, set())


def test_the_server_never_imports_another_sqlite() -> None:
    """Two SQLite libraries in one process drop each other's locks: acknowledged commits were seen to vanish."""
    assert {name for name in found_by(rules.other_sqlites) if not name.startswith("cli/exchange/")} == set()


def test_a_running_server_has_loaded_no_other_sqlite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Started as an operator starts it; looked into once it has answered. The same look finds one that has."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # coverage itself keeps what it counts with it
    (tmp_path / "esante.toml").write_text(f'[keys]\nfile = "{tmp_path / "key"}"\n')
    where = ("--data", str(tmp_path / "data"), "--config", str(tmp_path / "esante.toml"))
    run("init", *where)
    server = Served(tmp_path / "data", tmp_path / "esante.toml")
    try:
        assert httpx.get(f"{server.address}/api/v1/settings").status_code == 200
        assert other_sqlites_in(server.process.pid) == set()
    finally:
        server.stop()
    wrong = subprocess.Popen([sys.executable, "-c", "import sqlite3; input()"], stdin=subprocess.PIPE)
    wait_until(lambda: other_sqlites_in(wrong.pid), 10)
    wrong.communicate(b"\n")


def other_sqlites_in(pid: int) -> set[str]:
    """The libraries of another SQLite that a process has mapped."""
    mapped = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    return {Path(name).name for name in mapped.split() if re.search(r"/(_sqlite3\.|libsqlite3)", name)}


def test_no_row_is_given_away_by_its_id_alone() -> None:
    """Somebody asks whose it is on the way from the store to the route; or a reader has said why not (`READ`)."""
    sources = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file.read_text(
            encoding="utf-8"
        )
        for file in sorted(HOUSE.rglob("*.py"))
    }
    schema = (HOUSE / "schema.sql").read_text(encoding="utf-8")
    house = House(sources, schema, READ)
    assert [str(gift) for gift in house.given_to_routes()] == []
    assert READ.keys() - house.used == set(), "These give nothing away any more"


def test_bandit_finds_nothing() -> None:
    """Its settings, with the reason of each rule that is left out, stand in pyproject.toml."""
    command = [sys.executable, "-m", "bandit", "-q", "-r", "esante", "-c", "pyproject.toml"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


# ----------------------------------------------------------------------------------- controls

CONTROLS: dict[Rule, tuple[tuple[str, ...], tuple[str, ...]]] = {
    rules.loose_sql: (
        (
            'tx.one(int, f"SELECT count(*) FROM patient WHERE id = {patient_id}")',
            "tx.run(\"DELETE FROM patient WHERE id = '%s'\" % patient_id)",
            'tx.run("UPDATE patient SET name = " + name)',
            'tx.all(str, "SELECT id FROM {}".format(table))',
        ),
        ('tx.one(int, f"{SELECT} WHERE {visible}", id)', 'tx.run("SELECT id FROM patient" " WHERE id = ?", id)'),
    ),
    rules.files_written: (
        (
            'open(path, "w")',
            'path.open("ab")',
            "path.open(mode=mode)",
            "os.open(path, os.O_WRONLY | os.O_CREAT)",
            'Path(name).write_text("x")',
            "shutil.copyfile(a, b)",
            "tempfile.NamedTemporaryFile()",
        ),
        ("open(path)", 'path.open("rb")', 'path.open(encoding="utf-8")', "os.open(path, os.O_RDONLY)"),
    ),
    rules.naive_times: (
        (
            "datetime.now()",
            "datetime.now(UTC)",
            "datetime.datetime.utcnow()",
            "date.today()",
            "time.time()",
            "from time import time as t\nt()",
            "datetime.fromtimestamp(0)",
            "time.sleep(1)",
        ),
        (
            "tx.now",
            "clock.now()",
            "time.monotonic()",
            "datetime.fromtimestamp(0, UTC)",
            "datetime.combine(day, at, zone)",
        ),
    ),
    rules.other_sqlites: (
        (
            "import sqlite3",
            "from sqlite3 import dbapi2",
            "import sqlite3.dbapi2 as db",
            "def f():\n    from sqlite_utils import Database",
            'importlib.import_module("sqlite3")',
        ),
        ("import apsw", "from esante.kernel import sqlite3"),
    ),
}


@pytest.mark.parametrize("rule", CONTROLS, ids=lambda rule: str(rule.__name__))
def test_the_rule_finds_what_is_wrong_and_nothing_else(rule: Rule) -> None:
    wrong, right = CONTROLS[rule]
    assert [line for line in wrong if not list(rule(ast.parse(line)))] == []
    assert [line for line in right if list(rule(ast.parse(line)))] == []


SCHEMA = "CREATE TABLE visit (id TEXT, patient_id TEXT); CREATE TABLE colour (id TEXT);"
STORE = """
def visit(tx: ReadTx, id: VisitId) -> Visit | None:
    return tx.maybe(Visit, "SELECT * FROM visit WHERE id = ?", id)
def count(tx: ReadTx, patient_id: str) -> int:
    return tx.one(int, "SELECT count(*) FROM visit WHERE patient_id = ?", patient_id)
def colour(tx: ReadTx, id: str) -> Colour | None:
    return tx.maybe(Colour, "SELECT * FROM colour WHERE id = ?", id)
"""
ROUTES = """
from x import service
async def show(db, actor, id):
    return await db.read(actor, service.show, id)
"""
GIVEN_AWAY = {
    "nobody asks": "return store.visit(tx, id)",
    "asked of something else": "policy.may_see(tx, other)\n    return store.visit(tx, id)",
    "only whether somebody is signed in": "policy.may_come_in(tx)\n    return store.visit(tx, id)",
    "in a helper": "policy.may_come_in(tx)\n    return _found(tx, id)",
}
KEPT = {
    "asked of the row": "found = store.visit(tx, id)\n    policy.may_see(tx, found)\n    return found",
    "asked of the id": "policy.may_see(tx, id)\n    return store.visit(tx, id)",
    "asked of what was made of it": "more = extend(store.visit(tx, id))\n    policy.may_see(tx, more)\n    return more",
    "one's own": "return store.visit(tx, tx.actor.person_id)",
    "whom the policy names": "me = policy.is_patient(tx)\n    return store.visit(tx, me)",
    "a helper, asked of the row": "found = _found(tx, id)\n    policy.may_see(tx, found)\n    return found",
    "only a number": "return store.count(tx, id)",
    "nobody's": "return store.colour(tx, id)",
}


def gifts(body: str) -> list[str]:
    service = f"""
from x import policy, store
def show(tx: ReadTx, id: VisitId, other: str = "") -> object:
    {body}
def _found(tx: ReadTx, id: VisitId) -> Visit:
    return store.visit(tx, id)
"""
    return [
        str(one)
        for one in House({"x.store": STORE, "x.service": service, "x.routes": ROUTES}, SCHEMA).given_to_routes()
    ]


@pytest.mark.parametrize("body", GIVEN_AWAY.values(), ids=GIVEN_AWAY)
def test_a_row_that_is_given_away_is_found(body: str) -> None:
    assert len(gifts(body)) == 1


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_a_row_that_somebody_asked_about_is_not(body: str) -> None:
    assert gifts(body) == []


def test_a_policy_with_a_branch_that_no_test_takes_is_too_little() -> None:
    """`scripts/coverage` fails then, and below 90 % of all lines."""
    spec = importlib.util.spec_from_file_location("figures", ROOT / "scripts" / "coverage_figures.py")
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)

    def enough(lines: int, branches: int) -> bool:
        def of(covered: int, taken: int) -> dict[str, Any]:
            counts = {"covered_lines": covered, "num_statements": 100, "covered_branches": taken, "num_branches": 10}
            return {"summary": counts}

        return bool(script.is_enough(script.figures({"a/policy.py": of(100, branches), "a/service.py": of(lines, 10)})))

    assert [enough(80, 10), enough(100, 9), enough(70, 10)] == [True, False, False]
