"""Every route, asked by everybody for everything: each cell is as `expected.txt` says, and nothing slips out on the way.

To see the whole table as it is now: `python -m tests.matrix.show`. To take it over, after reading the difference line by line
against SPEC section 26: `python -m tests.matrix.show --write`.
"""

from collections import Counter
from collections.abc import Iterator

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
    now = seen.table()
    expected = read_expected()
    missing = [f"{name:{trial.WIDE}} {trial.written(row)}" for name, row in now.items() if name not in expected]
    extra = [name for name in expected if name not in now]
    changed = [
        f"{name}, {role}: expected {expected[name][role]}, is {row[role]}"
        for name, row in now.items()
        if name in expected
        for role in ROLES
        if row[role] != expected[name][role]
    ]
    assert (missing, extra, changed) == ([], [], []), HOW.format(
        missing="\n".join(missing), extra="\n".join(extra), changed="\n".join(changed)
    )


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
    clinic, seen = ran
    audited = Counter(line["request_id"] for line in clinic.audit("access.denied"))
    wrong = []
    for cell, tried in seen.front.pairs():
        _, line, _ = cell
        refused = tried.sign in ("1", "3", "-") or (tried.sign == "4" and "{" in line.name)
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
