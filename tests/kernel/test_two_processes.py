"""The command line writes beside the running server."""

import asyncio
from pathlib import Path

import msgspec

from esante.kernel import audit_log
from esante.kernel.database import Database
from esante.kernel.errors import Unavailable
from esante.kernel.transaction import WriteTx
from tests.kernel.ground import (
    ACTOR,
    AUDIT_KEY,
    SettingsChanged,
    another_process,
    in_another_process,
    lines,
    make,
    things,
    until,
)

WRITE_ONE = """
async def main():
    db = database(folder)
    await db.start()
    await db.write(ACTOR, make, 1000)
    await db.stop()
asyncio.run(main())
"""
WRITE_AS_ASKED = """
async def main():
    db = database(folder)
    await db.start()
    print('ready', flush=True)
    for line in sys.stdin:
        await db.write(ACTOR, make, int(line))
        print('done', flush=True)
    await db.stop()
asyncio.run(main())
"""


async def test_it_works(db: Database, folder: Path) -> None:
    heard: list[float] = []
    loop = asyncio.get_running_loop()
    db.on_foreign_commit = lambda: heard.append(loop.time())
    process = another_process(folder, WRITE_AS_ASKED)
    assert process.stdin
    assert process.stdout
    assert await asyncio.to_thread(process.stdout.readline) == "ready\n"
    assert heard == []
    process.stdin.write("1000\n")
    process.stdin.flush()
    await asyncio.to_thread(process.stdout.readline)
    written = loop.time()
    await until(lambda: heard)
    assert heard[0] - written < 0.3
    process.stdin.close()
    await asyncio.to_thread(process.wait)
    process.stdout.close()
    assert db.read(ACTOR, things) == [1000]


async def test_our_own_commits_are_not_taken_for_others(db: Database) -> None:
    heard: list[int] = []
    db.on_foreign_commit = lambda: heard.append(1)
    for n in range(20):
        await db.write(ACTOR, make, n)
        await asyncio.sleep(0.03)
    await asyncio.sleep(0.25)
    assert heard == []


async def test_a_foreign_commit_is_noticed_by_the_next_write_even_without_a_pause(db: Database, folder: Path) -> None:
    heard: list[int] = []
    db.on_foreign_commit = lambda: heard.append(1)
    task = asyncio.create_task(asyncio.to_thread(in_another_process, folder, WRITE_ONE))
    number = 0
    while not task.done():
        number += 1
        await db.write(ACTOR, make, 10_000 + number)
    assert task.result() == 0
    await db.write(ACTOR, make, 2000)
    assert heard
    assert audit_log.verify(db._reader, [AUDIT_KEY]) == audit_log.Verdict(number + 2, True)


async def test_the_chain_stays_whole_when_both_write_by_turns(db: Database, folder: Path) -> None:
    process = another_process(folder, WRITE_AS_ASKED)
    assert process.stdin
    assert process.stdout
    await asyncio.to_thread(process.stdout.readline)
    for n in range(1, 41):
        await db.write(ACTOR, make, n)
        process.stdin.write(f"{1000 + n}\n")
        process.stdin.flush()
        if n % 2:  # every other time both at once
            await asyncio.to_thread(process.stdout.readline)
    process.stdin.close()
    await asyncio.to_thread(process.wait)
    process.stdout.close()
    assert process.returncode == 0
    await db.write(ACTOR, make, 5000)
    assert db.halted is None
    assert audit_log.verify(db._reader, [AUDIT_KEY]) == audit_log.Verdict(81, True)
    assert db.read(ACTOR, lines) == 81


async def test_settings_changed_here_and_elsewhere_are_in_force(db: Database, folder: Path) -> None:
    await db.write(ACTOR, rename, "Here")
    assert db.settings.clinic_name == "Here"
    code = WRITE_ONE.replace("make, 1000", "rename, 'There'").replace(
        "async def main", "from tests.kernel.test_two_processes import rename\nasync def main"
    )
    assert await asyncio.to_thread(in_another_process, folder, code) == 0
    await until(lambda: db.settings.clinic_name == "There")


async def test_a_setting_that_does_not_fit_is_refused_and_nothing_else_is_lost(db: Database) -> None:
    results = await asyncio.gather(
        db.write(ACTOR, make, 1),
        db.write(ACTOR, rename, "x" * 101),
        db.write(ACTOR, make, 2),
        return_exceptions=True,
    )
    assert isinstance(results[1], msgspec.ValidationError)
    assert db.read(ACTOR, things) == [1, 2]
    assert db.read(ACTOR, lines) == 2
    assert db.settings.clinic_name == "esante"


async def test_a_writer_elsewhere_that_does_not_end_is_said_at_once_to_everyone(db: Database, folder: Path) -> None:
    db._writer.conn.set_busy_timeout(50)
    process = another_process(
        folder,
        """
        conn = maintenance(folder)
        conn.execute("BEGIN IMMEDIATE")
        print('holding', flush=True)
        sys.stdin.readline()
        """,
    )
    assert process.stdin
    assert process.stdout
    await asyncio.to_thread(process.stdout.readline)
    async with asyncio.timeout(20):
        results = await asyncio.gather(*(db.write(ACTOR, make, n) for n in range(50)), return_exceptions=True)
    assert {getattr(result, "code", None) for result in results} == {"BUSY"}
    assert isinstance(results[0], Unavailable)
    await asyncio.to_thread(process.communicate, "\n")
    assert db.halted is None
    assert await db.write(ACTOR, make, 1) == 1


def rename(tx: WriteTx, name: str) -> None:
    tx.run(
        "INSERT OR REPLACE INTO setting VALUES ('clinicName', ?, ?, 'x')",
        msgspec.json.encode(name).decode(),
        tx.now,
    )
    tx.record(SettingsChanged(subject="clinicName"))
