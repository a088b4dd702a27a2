"""A clock that was moved (SPEC OP-11): nothing is removed until an admin confirms, everything else goes on."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.identity.test_second_factor import code_now, enrol, finish, ticket_of
from tests.live import wait_until
from tests.process import run

DESTROYING = {"scheduling.forget_old", "identity.sweep", "kernel.forget_done_jobs", "kernel.forget_idempotency_keys"}


def swept(clinic: Any) -> set[str]:
    """Which jobs that remove something were done on the clinic's day."""
    rows = clinic.rows("SELECT name FROM job WHERE created_at >= ?", f"{clinic.db.last_at:%Y-%m-%d}")
    return {row["name"] for row in rows} & DESTROYING


def health(clinic: Any) -> dict[str, Any]:
    clinic.gwen.sign_in()
    return dict(clinic.gwen.get("/admin/health").json()["clock"])


def told(clinic: Any, name: str) -> list[str]:
    return [one["kind"] for one in clinic.notifications(name)]


def test_it_works(clinic: Any) -> None:
    """Control: a clock that runs as it should sweeps, and nobody is told anything."""
    for _ in range(3):
        clinic.clock.advance(days=1)
        clinic.run_jobs()
        assert swept(clinic) == DESTROYING
    found = health(clinic)
    assert (found["frozen"], found["doubt"], found["drift"]) == (False, None, 0)
    assert "clock_doubted" not in told(clinic, "gwen")
    assert clinic.audit("clock.doubted") == []


@pytest.mark.parametrize("jump", [timedelta(days=3), timedelta(minutes=2), timedelta(days=-10), timedelta(days=3650)])
def test_after_a_jump_nothing_is_removed_and_admins_learn_why(clinic: Any, jump: timedelta) -> None:
    clinic.run_jobs()
    clinic.clock.jump(seconds=jump.total_seconds())
    before = clinic.rows("SELECT count(*) AS n FROM job WHERE name IN ('identity.sweep', 'kernel.forget_done_jobs')")
    clinic.clock.advance(hours=25)
    clinic.run_jobs()
    after = clinic.rows("SELECT count(*) AS n FROM job WHERE name IN ('identity.sweep', 'kernel.forget_done_jobs')")
    assert before == after
    [line] = clinic.audit("clock.doubted")
    assert (line["severity"], line["detail"]["why"]) == ("critical", "jumped")
    assert abs(line["detail"]["seconds"] - jump.total_seconds()) <= 1
    assert told(clinic, "gwen").count("clock_doubted") == 1
    assert "clock_doubted" not in told(clinic, "driss") + told(clinic, "amina") + told(clinic, "chloe")
    found = health(clinic)
    assert found["frozen"]
    assert found["doubt"]["why"] == "jumped"


def test_a_small_correction_is_no_jump(clinic: Any) -> None:
    for seconds in (5, -5, 40, -30):
        clinic.clock.jump(seconds=seconds)
        clinic.clock.advance(days=1)
        clinic.run_jobs()
        assert swept(clinic) == DESTROYING
    assert health(clinic)["drift"] == 10


def test_time_never_goes_below_the_last_line(clinic: Any) -> None:
    last = clinic.audit()[-1]["at"]
    clinic.clock.jump(days=-10)
    clinic.gwen.get("/audit/verify")
    assert clinic.audit()[-1]["at"] >= last
    assert clinic.gwen.get("/audit/verify").json()["ok"]


def test_an_admin_confirms_and_the_sweeping_goes_on(clinic: Any) -> None:
    clinic.clock.jump(days=3)
    clinic.run_jobs()
    assert not swept(clinic)
    clinic.gwen.sign_in()
    assert clinic.gwen.post("/admin/clock/confirm").status_code == 204
    [line] = clinic.audit("clock.confirmed")
    assert (line["actor"], line["severity"]) == (clinic.accounts["gwen"], "warning")
    clinic.run_jobs()
    assert swept(clinic) == DESTROYING
    assert clinic.gwen.post("/admin/clock/confirm").json()["error"]["code"] == "CLOCK_NOT_FROZEN"
    assert health(clinic)["frozen"] is False


@pytest.mark.parametrize("name", ["amina", "chloe", "driss", "farid"])
def test_nobody_else_confirms(clinic: Any, name: str) -> None:
    clinic.clock.jump(minutes=5)
    clinic.run_jobs()
    assert getattr(clinic, name).post("/admin/clock/confirm").status_code == 403
    assert clinic.anonymous.post("/admin/clock/confirm").status_code == 401
    assert clinic.app.clinic.clock.is_frozen()


def test_an_admin_with_a_second_factor_proves_it_anew(clinic: Any) -> None:
    enrol(clinic, clinic.gwen)
    clinic.clock.jump(minutes=11)
    clinic.run_jobs()
    answer = clinic.gwen.post("/admin/clock/confirm")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "STEP_UP_REQUIRED")


def test_the_doubt_outlives_a_restart(clinic: Any) -> None:
    clinic.clock.jump(days=3)
    clinic.run_jobs()
    clinic.stop()
    clinic.start()
    clinic.clock.advance(days=1)
    clinic.run_jobs()
    assert not swept(clinic)
    assert len(clinic.audit("clock.doubted")) == 1


@pytest.mark.parametrize(("days", "why"), [(2, "jumped"), (-2, "jumped")])
def test_a_jump_while_the_server_was_down_is_found_at_the_start(clinic: Any, days: int, why: str) -> None:
    clinic.clock.advance(minutes=5)
    clinic.run_jobs()
    clinic.stop()
    clinic.clock.jump(days=days)
    clinic.start()
    clinic.run_jobs()
    assert [line["detail"]["why"] for line in clinic.audit("clock.doubted")] == [why]


@pytest.mark.parametrize(("days", "why"), [(-1, ["behind"]), (20, []), (40, ["long_absence"])])
def test_after_the_machine_was_off_only_the_wall_can_be_looked_at(
    clinic: Any, monkeypatch: pytest.MonkeyPatch, days: int, why: list[str]
) -> None:
    clinic.clock.advance(minutes=5)
    clinic.run_jobs()
    clinic.stop()
    monkeypatch.setattr("esante.kernel.clock.boot", lambda: "another start of the machine")
    clinic.clock.advance(days=days)
    clinic.start()
    assert clinic.anonymous.get("/health").json()["status"] == "ok"
    clinic.run_jobs()
    assert [line["detail"]["why"] for line in clinic.audit("clock.doubted")] == why


def test_without_a_mark_a_start_before_the_last_line_is_found(clinic: Any) -> None:
    """A battery that is empty: the box comes up in another year, serves, and removes nothing."""
    clinic.stop()
    (clinic.folder / "clock").unlink(missing_ok=True)
    clinic.clock.jump(days=-700)
    clinic.start()
    clinic.run_jobs()
    [line] = clinic.audit("clock.doubted")
    assert line["detail"]["why"] == "behind"
    assert not swept(clinic)
    clinic.driss.sign_in()
    assert clinic.driss.get("/auth/me").status_code == 200


def test_while_the_log_is_ahead_nothing_is_removed_even_when_confirmed(clinic: Any) -> None:
    """The clock ran ahead, wrote lines, and was set right: things look three days older than they are."""
    clinic.clock.jump(days=3)
    clinic.gwen.get("/audit/verify")
    clinic.run_jobs()
    clinic.clock.jump(days=-3)
    clinic.gwen.sign_in()
    assert clinic.gwen.post("/admin/clock/confirm").status_code == 204
    clinic.clock.advance(hours=30)
    clinic.run_jobs()
    found = health(clinic)
    assert (found["frozen"], found["doubt"]) == (True, None)
    assert not swept(clinic)
    clinic.clock.advance(days=3)
    clinic.run_jobs()
    assert swept(clinic) == DESTROYING


@pytest.mark.parametrize("days", [3, -10])
def test_codes_and_sessions_behave(clinic: Any, days: int) -> None:
    """Whoever is signed in stays so, and the telephone's code is good by the clock as it stands, not by the log's floor."""
    secret, _ = enrol(clinic, clinic.amina)
    refresh = clinic.driss.sign_in()["refreshToken"]
    clinic.clock.jump(days=days)
    clinic.run_jobs()
    refreshed = clinic.anonymous.post("/auth/refresh-token", json={"refreshToken": refresh})
    assert refreshed.status_code == 200
    clinic.clock.jump(days=-days)
    clinic.clock.advance(minutes=1)
    done = finish(clinic, ticket_of(clinic, "amina"), code_now(clinic, secret))
    assert done.status_code == 200, done.text
    clinic.driss.sign_in()
    assert clinic.driss.get("/auth/me").status_code == 200


def test_the_guard_never_writes_a_mark_that_it_cannot_read_back(clinic: Any) -> None:
    clinic.clock.advance(minutes=5)
    clinic.run_jobs()
    assert clinic.app.clinic.clock._read_mark().wall == clinic.clock.now()
    (clinic.folder / "clock").write_bytes(b"{")
    clinic.stop()
    clinic.start()
    clinic.run_jobs()
    assert clinic.audit("clock.doubted") == []


def test_the_console_confirms_beside_the_server_and_without_it(clinic: Any, tmp_path: Path) -> None:
    toml = tmp_path / "esante.toml"
    toml.write_text(f'[keys]\nfile = "{clinic.folder / "demo-key"}"\n')
    where = ("--data", str(clinic.folder), "--config", str(toml))
    clinic.clock.jump(days=3)
    clinic.run_jobs()
    assert "doubts the clock" in run("clock", "show", *where).stdout
    assert '"doubt": {' in run("clock", "show", *where, "--json").stdout
    assert "confirmed" in run("clock", "confirm", *where).stdout
    wait_until(lambda: clinic.parts.clock.look() is None, 20)
    assert clinic.audit("clock.confirmed")[-1]["actor"].startswith("cli:")
    again = run("clock", "confirm", *where, check=False)
    assert (again.returncode, "nothing to confirm" in again.stderr) == (1, True)
    clinic.stop()
    assert "Nobody doubts" in run("clock", "show", *where).stdout
    clinic.start()
