"""`scripts/faults` says what the proofs told it: a promise holds only when it was tried, held, and its control was found."""

import re
from typing import Any

import pytest

from tests.faults import programme
from tests.faults.programme import PROMISES, Promise, chosen, line
from tests.process import ROOT

PROMISE = Promise("toy", "it floats", ("tests/toy.py",))
TRIED: dict[str, Any] = {"tries": 3, "failures": 0, "worst_seconds": 0.5, "more": {"bytes": 7}}
FOUND = {"control": "a toy of lead", "found": True}
PASSED = [("passed", "")]


@pytest.mark.parametrize(
    ("told", "ran", "code", "verdict"),
    [
        ([TRIED, FOUND], PASSED, 0, "pass"),
        ([TRIED, TRIED | {"failures": 1}, FOUND], PASSED, 0, "FAIL"),
        ([TRIED], PASSED, 0, "FAIL"),
        ([TRIED, FOUND | {"found": False}], PASSED, 0, "FAIL"),
        ([TRIED, FOUND, FOUND | {"found": False}], PASSED, 0, "FAIL"),
        ([FOUND], PASSED, 0, "FAIL"),
        ([TRIED, FOUND], [*PASSED, ("failed", "it sank")], 1, "FAIL"),
        ([TRIED, FOUND], [*PASSED, ("skipped", "no water")], 0, "FAIL"),
        ([], [("skipped", "no water")], 0, "skipped"),
        ([], [], 4, "FAIL"),
    ],
)
def test_it_works(told: list[Any], ran: list[tuple[str, str]], code: int, verdict: str) -> None:
    proof = programme._proof(PROMISE, told, ran, code, "output", 1.0, "scripts/faults quick --only toy")
    assert proof.verdict == verdict
    assert line(proof).startswith(verdict)
    assert (proof.why is None) == (verdict == "pass")


def test_figures_are_added_up_and_of_the_worst_there_is_one() -> None:
    told = [TRIED, TRIED | {"worst_seconds": 2.0, "more": {"bytes": 5, "worst_mib": 9}}, FOUND]
    proof = programme._proof(PROMISE, told, PASSED, 0, "", 1.0, "")
    assert (proof.tries, proof.failures, proof.worst_seconds) == (6, 0, 2.0)
    assert proof.figures == {"bytes": 12, "worst_mib": 9}
    assert "0 of 6 failed, worst 2.0 s, bytes 12, worst mib 9; controls found 1 of 1" in line(proof)


def test_every_test_that_is_named_is_there() -> None:
    for promise in PROMISES:
        for place in promise.tests:
            file, _, name = place.partition("::")
            assert re.search(rf"def {name or 'test_'}", (ROOT / file).read_text(encoding="utf-8")), place


def test_an_unknown_promise_is_refused() -> None:
    assert [one.name for one in chosen("kill,power")] == ["kill", "power"]
    with pytest.raises(SystemExit, match="No such promise: sink"):
        chosen("kill,sink")
