"""Inside work happens exactly once and outside work at least once, wherever the process dies."""

from pathlib import Path

import pytest

from tests.kernel.conftest import Opener
from tests.kernel.ground import ACTOR, in_another_process, lines, things
from tests.kernel.test_jobs import rows

RUN = """
from esante.kernel.jobs import JobRunner, Work
from tests.kernel.test_jobs import Remind, SendMail, ask, remind
place, kind = {place!r}, {kind}
def inside(tx, task):
    if place == 'before': os._exit(9)
    remind(tx, task)
    if place == 'within': os._exit(9)
async def outside(clinic, task):
    if place == 'before': os._exit(9)
    with open(folder / 'sent', 'a') as sent:
        sent.write('x')
    if place == 'within': os._exit(9)
async def main():
    db = database(folder)
    await db.start()
    if place != 'nowhere':
        await db.write(ACTOR, ask, kind(number=1))
    if place == 'after':
        settle = db._settle
        def die_unheard(done):
            if db.read(ACTOR, lambda tx: tx.one(int, "SELECT NOT EXISTS (SELECT 1 FROM job)")): os._exit(9)
            settle(done)
        db._settle = die_unheard
    runner = JobRunner(db, Work(
        inside={{'test.remind': (Remind, inside)}}, outside={{'test.send_mail': (SendMail, outside)}}), None)
    await runner._clear_leases()
    await runner.run_due()
    await db.stop()
asyncio.run(main())
"""


@pytest.mark.parametrize("place", ["before", "within", "after"])
async def test_inside_work_is_done_exactly_once(folder: Path, open_db: Opener, place: str) -> None:
    assert in_another_process(folder, RUN.format(place=place, kind="Remind")) == 9
    for _ in range(2):
        assert in_another_process(folder, RUN.format(place="nowhere", kind="Remind")) == 0
    db = await open_db()
    assert db.read(ACTOR, things) == [1]
    assert db.read(ACTOR, lines) == 1
    assert db.read(ACTOR, rows) == []


@pytest.mark.parametrize(("place", "times"), [("before", 1), ("within", 2), ("after", 1)])
async def test_outside_work_is_done_at_least_once(folder: Path, open_db: Opener, place: str, times: int) -> None:
    assert in_another_process(folder, RUN.format(place=place, kind="SendMail")) == 9
    for _ in range(2):
        assert in_another_process(folder, RUN.format(place="nowhere", kind="SendMail")) == 0
    assert (folder / "sent").read_text() == "x" * times
    db = await open_db()
    assert db.read(ACTOR, rows) == []
