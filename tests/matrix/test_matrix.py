"""Every route, asked by everybody for everything: each cell is as `expected.txt` says, and nothing slips out on the way.

To see the whole table as it is now: `python -m tests.matrix.show`. To take it over, after reading the difference line by line
against SPEC section 26: `python -m tests.matrix.show --write`.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Clinic
from tests.matrix import trial
from tests.matrix.expected import HOW, read_expected
from tests.matrix.furnished import ROLES, matrix_clinic
from tests.matrix.trial import Cell, Seen, Tried

BY_PROOF = (
    *(
        f"POST /kiosk/{verb}"
        for verb in ("appointments", "book", "cancel", "check-in", "choices", "doctors", "open", "slots")
    ),
    "GET /doctors/calendar-feed/{token}",
)
"""Whoever has the secret in the request is let in, and told what it is for."""

UNWATCHED = ("/api/v1/health", "/api/v1/ready", "/metrics")


@pytest.fixture(scope="module")
def ran() -> Iterator[tuple[Clinic, Seen]]:
    with matrix_clinic() as (clinic, ids), trial.undoing():
        _, seen = trial.try_all(clinic, ids)
        yield clinic, seen


@pytest.fixture
def seen(ran: tuple[Clinic, Seen]) -> Seen:
    return ran[1]


def said(cell: Cell, tried: Tried) -> str:
    role, line, ask = cell
    return f"{role}: {line.name} ({ask.path}) -> {tried.status} {tried.text[:200]}"


def test_every_cell_is_as_it_was_read(seen: Seen) -> None:
    missing, extra, changed = differences(seen.table(), read_expected())
    assert (missing, extra, changed) == ([], [], []), HOW.format(
        missing="\n".join(missing), extra="\n".join(extra), changed="\n".join(changed)
    )


Table = dict[str, dict[str, str]]


def differences(now: Table, expected: Table) -> tuple[list[str], list[str], list[str]]:
    """Routes without a line, lines without a route, cells that are otherwise."""
    missing = [f"{name:{trial.WIDE}} {trial.written(row)}" for name, row in now.items() if name not in expected]
    extra = [name for name in expected if name not in now]
    changed = [
        f"{name}, {role}: expected {expected[name][role]}, is {row[role]}"
        for name, row in now.items()
        if name in expected
        for role in ROLES
        if row[role] != expected[name][role]
    ]
    return missing, extra, changed


OWNERLESS = {"day", "file", "key", "kind", "month", "seq", "token", "type_id"}
"""Parameters that mean the same for everybody."""
ADMINS_ONLY = ("/admin/jobs/{id}", "/patients/{patient_id}/unmerge")
OF_A_PATIENT = {
    "appointment_id",
    "consent_id",
    "consultation_id",
    "entry_id",
    "patient_id",
    "prescription_id",
    "series_id",
}


def test_what_somebody_owns_is_asked_for_by_all_ownerships(seen: Seen) -> None:
    """No axis is left out: five requests where a parameter names something with an owner, all different for a patient's."""
    wrong = {}
    for line in dict.fromkeys(cell[1].name for cell, _ in seen.front.pairs()):
        paths = [cell[2].path for cell, _ in seen.front.pairs() if cell[1].name == line and cell[0] == "admin"]
        named = set(re.findall(r"{(\w+)}", line)) - OWNERLESS
        wanted = 5 if named and not any(one in line for one in ADMINS_ONLY) else 1
        if len(paths) not in (wanted, 5) or (named & OF_A_PATIENT and wanted == 5 and len(set(paths)) != 5):
            wrong[line] = paths
    assert wrong == {}


def test_a_line_with_a_cell_too_few_is_found(tmp_path: Path) -> None:
    name, row = next(iter(read_expected().items()))
    for cells in (list(row.values())[:-1], [*list(row.values())[:-1], "+++"], [*list(row.values())[:-1], "x"]):
        (tmp_path / "table").write_text(f"{name:{trial.WIDE}} {' '.join(cells)}\n")
        with pytest.raises(AssertionError):
            read_expected(tmp_path / "table")


def test_a_route_without_a_line_and_a_line_without_a_route_are_found(seen: Seen) -> None:
    now, expected = seen.table(), read_expected()
    name = next(iter(expected))
    less = {one: row for one, row in expected.items() if one != name}
    assert differences(now, expected) == ([], [], [])
    assert differences(now, less)[0][0].startswith(name)
    assert differences(less, expected)[1] == [name]
    assert differences(now, expected | {name: expected[name] | {"patient": "4"}})[2] == [
        f"{name}, patient: expected 4, is {now[name]['patient']}"
    ]


def test_every_request_tries_something(seen: Seen) -> None:
    """No answer is a fault, none a request that could not be read, and every line lets somebody in."""
    wrong = [said(cell, tried) for cell, tried in seen.front.pairs() if tried.sign in "?!"]
    assert wrong == [], "Give the route what it needs in tests/matrix/requests.py"
    welcome = {cell[1].name for cell, tried in seen.front.pairs() if tried.sign in (trial.LET_IN, trial.RULE)}
    shut = {cell[1].name for cell, _ in seen.front.pairs()} - welcome
    assert shut == set(), "Nobody is let in: furnish something to ask for in tests/matrix/furnished.py"


def test_no_answer_has_a_word_about_a_stranger(seen: Seen) -> None:
    """Nothing of anybody's in a refusal; in what is shown, nothing of those whom the person may not know."""
    wrong = []
    for cell, tried in seen.front.pairs():
        role, line, _ = cell
        if line.name.startswith(BY_PROOF):
            continue
        words = trial.EVERY_WORD if tried.sign in "134-L" else trial.forbidden_words(role)
        wrong += [f"{word}: {said(cell, tried)}" for word in words if word in tried.text]
    assert wrong == []


def test_every_refusal_leaves_one_line_in_the_log(ran: tuple[Clinic, Seen]) -> None:
    """Also where the id of what is hidden stood in the query or the body."""
    clinic, seen = ran
    audited = Counter(line["request_id"] for line in clinic.audit("access.denied"))
    wrong = []
    for cell, tried in seen.front.pairs():
        _, line, ask = cell
        names_one = "{" in line.name or "Id=" in ask.path or line.method in ("POST", "PUT", "PATCH")
        refused = tried.sign in ("1", "3", "-") or (tried.sign == "4" and names_one)
        if line.method != "SOCKET" and audited[tried.request_id] != refused:
            wrong.append(f"{audited[tried.request_id]} lines: {said(cell, tried)}")
    assert wrong == []


def test_whom_the_door_turns_away_the_policy_refuses_too(seen: Seen) -> None:
    """Two locks: what a route forgets to declare, its service still knows."""
    let_in: dict[str, set[str]] = {}
    for cell, tried in seen.behind.pairs():
        if tried.sign in (trial.LET_IN, trial.RULE, "!"):
            let_in.setdefault(cell[1].name, set()).add(cell[0])
    found = {name: sorted(roles) for name, roles in sorted(let_in.items())}
    wrong = {name: roles for name, roles in found.items() if ONE_LOCK.get(name) != roles}
    gone = ONE_LOCK.keys() - found.keys()
    assert (wrong, gone) == ({}, set()), wrong


ONE_LOCK: dict[str, list[str]] = {
    "GET /audit/checkpoint/key": ["anonymous", "patient"],  # a public key
    "POST /workplaces": ["doctor"],  # the same as POST /doctors/workplaces, which is theirs
}
"""Where only the door keeps these roles out, and why that is enough."""
