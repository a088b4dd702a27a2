"""`Database.write_once`: a request that was sent twice is done once."""

import asyncio

import pytest

from esante.kernel.actor import house
from esante.kernel.database import Database
from esante.kernel.errors import Conflict
from esante.kernel.idempotency import Once, forget_old
from esante.kernel.structs import Kept
from esante.kernel.transaction import WriteTx
from tests.kernel.ground import ACTOR, Clock, lines, make, things

FIRST = Once(key="k1", digest=b"digest of the request")


class Thing(Kept):
    id: int
    note: str | None = None


def make_thing(tx: WriteTx, number: int) -> Thing:
    make(tx, number)
    return Thing(id=number, note="é")


def make_quietly(tx: WriteTx, number: int) -> None:
    make(tx, number)


def refuse(tx: WriteTx, number: int) -> Thing:
    raise Conflict("Not now")


async def test_it_works(db: Database) -> None:
    first = await db.write_once(FIRST, ACTOR, make_thing, 1)
    assert await db.write_once(FIRST, ACTOR, make_thing, 1) == first == Thing(id=1, note="é")
    assert db.read(ACTOR, things) == [1]
    assert db.read(ACTOR, lines) == 1


async def test_twins_in_one_batch_are_done_once(db: Database) -> None:
    assert (
        await asyncio.gather(*(db.write_once(FIRST, ACTOR, make_thing, 1) for _ in range(5)))
        == [Thing(id=1, note="é")] * 5
    )
    assert db.read(ACTOR, lines) == 1


async def test_without_a_key_it_is_a_plain_write(db: Database) -> None:
    await db.write_once(None, ACTOR, make_thing, 1)
    await db.write_once(None, ACTOR, make_thing, 2)
    assert db.read(ACTOR, things) == [1, 2]


async def test_a_command_that_gives_nothing_is_done_once_too(db: Database) -> None:
    await db.write_once(FIRST, ACTOR, make_quietly, 1)
    await db.write_once(FIRST, ACTOR, make_quietly, 1)
    assert db.read(ACTOR, things) == [1]


async def test_the_same_key_for_another_request_conflicts(db: Database) -> None:
    await db.write_once(FIRST, ACTOR, make_thing, 1)
    with pytest.raises(Conflict) as refused:
        await db.write_once(Once(key="k1", digest=b"another"), ACTOR, make_thing, 2)
    assert refused.value.code == "IDEMPOTENCY_KEY_REUSED"
    assert db.read(ACTOR, things) == [1]


async def test_somebody_else_may_use_the_same_key(db: Database) -> None:
    await db.write_once(FIRST, ACTOR, make_thing, 1)
    await db.write_once(FIRST, house("other"), make_thing, 2)
    assert db.read(ACTOR, things) == [1, 2]


async def test_a_refusal_is_not_kept(db: Database) -> None:
    with pytest.raises(Conflict):
        await db.write_once(FIRST, ACTOR, refuse, 1)
    assert (await db.write_once(FIRST, ACTOR, make_thing, 1)).id == 1


async def test_after_a_day_the_key_is_free_again(db: Database, clock: Clock) -> None:
    await db.write_once(FIRST, ACTOR, make_thing, 1)
    clock.move(hours=23, minutes=59)
    await db.write(ACTOR, forget_old)
    assert (await db.write_once(FIRST, ACTOR, make_thing, 2)).id == 1
    clock.move(minutes=1)
    assert (await db.write_once(FIRST, ACTOR, make_thing, 2)).id == 2
    clock.move(hours=24)
    await db.write(ACTOR, forget_old)
    assert db.read(ACTOR, lambda tx: tx.one(int, "SELECT count(*) FROM idempotency")) == 0
