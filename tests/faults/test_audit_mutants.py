"""Mutants of the audit log by the hundred: none passes, and the first bad line is named."""

from pathlib import Path
from typing import Any

import pytest

from esante.kernel import audit_log
from esante.kernel.audit_log import Verdict
from tests.faults.figures import control, tell, times
from tests.kernel import test_audit_log

MUTANTS = times(short=40, quick=720, full=50_000)
one_mutant = test_audit_log.test_no_mutant_of_a_small_log_passes.hypothesis.inner_test  # type: ignore[attr-defined]


def survivors(count: int) -> list[int]:
    found = []
    for seed in range(count):
        try:
            one_mutant(seed=seed)
        except AssertionError:
            found.append(seed)
    return found


def test_none_passes() -> None:
    passed = survivors(MUTANTS)
    tell(MUTANTS, len(passed))
    assert passed == []


@pytest.mark.parametrize("without", ["the chain", "the witness"])
def test_a_weaker_look_at_the_log_is_found(without: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The control: without the chain only the numbers of the lines are looked at; without the witness nobody knows the end."""
    whole = audit_log.verify

    def numbers_only(conn: Any, keys: Any, **more: Any) -> Verdict:
        found = [seq for (seq,) in conn.execute("SELECT seq FROM audit ORDER BY seq")]
        return Verdict(len(found), found == list(range(1, len(found) + 1)), 1)

    def alone(conn: Any, keys: Any, **more: Any) -> Verdict:
        return whole(conn, keys)

    monkeypatch.setattr(test_audit_log, "verify", numbers_only if without == "the chain" else alone)
    passed = survivors(200)
    control(f"a verification without {without}", bool(passed))
    assert passed
