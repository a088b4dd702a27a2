"""A transaction: who acts, when, on which connection, and what follows from it.

A service is a plain function of one of these three:

* `ReadTx` reads and leaves no trace: lists of names and times, public things.
* `LookTx` reads and leaves a trace: its audit lines are durable before the reader sees anything.
* `WriteTx` changes. It must be able to run twice (the batch may be redone), so it touches nothing but the connection.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, dataclass_transform

import apsw
import msgspec
import structlog

from esante.kernel import clock, rows
from esante.kernel.actor import Actor, house
from esante.kernel.audit_log import Line
from esante.kernel.clock import Clock
from esante.kernel.errors import NotFound
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.settings import ClinicSettings
from esante.kernel.structs import Event, KeywordOnly, Outcome, new_id

log = structlog.get_logger(__name__)

T = TypeVar("T")
E = TypeVar("E", bound=Event)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Task(msgspec.Struct, frozen=True, rename="camel", tag_field="task", metaclass=KeywordOnly):
    """Work that is due later, as a job row: ids only. Its tag is the job's name; `wiring` says who does it."""


class Reactions(msgspec.Struct, frozen=True):
    """What follows an event."""

    inside: tuple[Callable[["WriteTx", Any], None], ...] = ()
    """In the same transaction; may refuse, and then nothing has happened."""
    soon: tuple[Callable[["WriteTx", Any], None], ...] = ()
    """Quick work, by the house, in the event's own commit but undone alone: what fails there is done again like `later`."""
    later: tuple[Callable[["WriteTx", Any], None], ...] = ()
    """In a transaction of its own, by a job row that the event's commit carries; done exactly once."""
    live: tuple[Callable[[Any, Any], None], ...] = ()
    """After the commit, to open sockets: `(clinic, event)`. May be lost; clients catch up by number."""


Wiring = Mapping[type[Event], Reactions]


def reaction_name(react: Callable[..., Any]) -> str:
    """The job name of a `later` reaction: `notifications.tell_doctor`."""
    room = react.__module__.removeprefix("esante.").removesuffix(".reactions")
    return f"{room}.{react.__name__}"


class HouseContext:
    """What every transaction of this clinic shares."""

    __slots__ = ("secrets", "settings", "wall", "wiring")

    def __init__(
        self, settings: ClinicSettings, secrets: OneTimeSecrets, wiring: Wiring, wall: Clock = clock.now
    ) -> None:
        self.settings, self.secrets, self.wiring, self.wall = settings, secrets, wiring, wall


class ReadTx:
    """A look at the database that leaves no trace."""

    __slots__ = ("_house", "actor", "conn", "now")

    def __init__(self, conn: apsw.Connection, actor: Actor, now: datetime, house: HouseContext) -> None:
        self.conn, self.actor, self.now, self._house = conn, actor, now, house

    @property
    def settings(self) -> ClinicSettings:
        """The clinic's settings as of this transaction."""
        return self._house.settings

    @property
    def secrets(self) -> OneTimeSecrets:
        """Derives link tokens and codes; see `kernel.one_time`."""
        return self._house.secrets

    @property
    def wall(self) -> datetime:
        """The clock as it stands, even before the log's last instant: only for codes that a telephone makes by its own."""
        return self._house.wall()

    def all(self, kind: type[T], sql: str, *args: Any) -> list[T]:
        """Every row as a `kind`: a struct by its column names, or a scalar from the first column."""
        return rows.fetch_all(kind, self.conn.execute(sql, rows.bindings(args)), sql)

    def maybe(self, kind: type[T], sql: str, *args: Any) -> T | None:
        """The first row, or None."""
        return rows.fetch_one(kind, self.conn.execute(sql, rows.bindings(args)), sql)

    def one(self, kind: type[T], sql: str, *args: Any) -> T:
        """The first row; `NotFound` when there is none."""
        found = rows.fetch_one(kind, self.conn.execute(sql, rows.bindings(args)), sql)
        if found is None:
            raise NotFound("There is no such thing here")
        return found


class LookTx(ReadTx):
    """A look that is audited."""

    __slots__ = ("lines",)

    def __init__(self, conn: apsw.Connection, actor: Actor, now: datetime, house: HouseContext) -> None:
        super().__init__(conn, actor, now, house)
        self.lines: list[Line] = []

    def record(self, event: Event, *, reason: str | None = None, purpose: str | None = None) -> None:
        """Say what is being done: one audit line, and (in a `WriteTx`) everything that follows from it.

        `reason` is the text that the actor gave for an override, a break-glass or a suspension; never a clinical value.
        """
        self._line(event, event.outcome, reason, purpose)

    def _line(self, event: Event, outcome: Outcome, reason: str | None, purpose: str | None) -> None:
        self.lines.append(line_of(self.actor, event, outcome, reason, purpose))


class ReactionFailed(Exception):
    """A `soon` reaction failed where it cannot be undone alone: the writer begins again, with savepoints."""


class WriteTx(LookTx):
    """The one transaction that may write."""

    __slots__ = ("happened", "has_jobs", "savepoints")

    def __init__(
        self, conn: apsw.Connection, actor: Actor, now: datetime, house: HouseContext, *, savepoints: bool = True
    ) -> None:
        super().__init__(conn, actor, now, house)
        self.savepoints = savepoints
        self.happened: list[Event] = []
        self.has_jobs = False

    def run(self, sql: str, *args: Any) -> int:
        """Run one statement; the number of rows that it changed."""
        self.conn.execute(sql, rows.bindings(args))
        return self.conn.changes()

    def record(self, event: Event, *, reason: str | None = None, purpose: str | None = None) -> None:
        self._line(event, event.outcome, reason, purpose)
        self.happened.append(event)
        reactions = self._house.wiring.get(type(event))
        if reactions is None:
            return
        for react in reactions.inside:
            react(self, event)
        for react in reactions.soon:
            if not self._did(react, event):
                self._put_off(react, event)
        for react in reactions.later:
            self._put_off(react, event)

    def later(self, task: Task, *, due: datetime | None = None, key: str | None = None) -> None:
        """Have the task done at `due` (default: at once), by a job row of this transaction.

        With a `key` the task is queued once, however often it is asked for; see `forget`.
        """
        name = str(task.__struct_config__.tag)
        self._add_job(name, msgspec.json.encode(task).decode(), due or self.now, key)

    def forget(self, key: str) -> bool:
        """Withdraw the task queued under this key, if it is not done yet."""
        return self.run("DELETE FROM job WHERE key = ? AND done_at IS NULL", key) > 0

    def _did(self, react: Callable[["WriteTx", Any], None], event: Event) -> bool:
        """Whether it went well; else it has not happened. An error that ends the whole transaction is raised."""
        execute = self.conn.execute
        tx = WriteTx(self.conn, house(f"job:{reaction_name(react)}"), self.now, self._house, savepoints=self.savepoints)
        if self.savepoints:
            execute("SAVEPOINT reaction")
        try:
            react(tx, event)
        except Exception as error:
            if not self.conn.in_transaction:
                raise
            if not self.savepoints:
                raise ReactionFailed from error
            execute("ROLLBACK TO reaction")
            execute("RELEASE reaction")
            log.warning("reaction_put_off", reaction=reaction_name(react), exc_info=error)
            return False
        if self.savepoints:
            execute("RELEASE reaction")
        self.lines += tx.lines
        self.happened += tx.happened
        self.has_jobs = self.has_jobs or tx.has_jobs
        return True

    def _put_off(self, react: Callable[["WriteTx", Any], None], event: Event) -> None:
        self._add_job(reaction_name(react), msgspec.json.encode(event).decode(), self.now, None)

    def _add_job(self, name: str, payload: str, due: datetime, key: str | None) -> None:
        self.run(
            "INSERT INTO job (id, name, payload, key, due_at, created_at) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (key) DO NOTHING",
            new_id(),
            name,
            payload,
            key,
            due,
            self.now,
        )
        self.has_jobs = True


def line_of(actor: Actor, event: Event, outcome: Outcome, reason: str | None, purpose: str | None) -> Line:
    """The audit line of an event, without its place in the chain."""
    return (
        actor.id,
        actor.role,
        actor.on_behalf_of,
        actor.session_id,
        actor.address,
        actor.request_id,
        event.action(),
        event.severity,
        outcome,
        event.patient_id,
        event.subject,
        reason,
        purpose,
        _detail(event),
    )


_own_fields: dict[type[Event], tuple[tuple[str, str], ...]] = {}


def _detail(event: Event) -> str | None:
    """The event's own fields as JSON; None when action, subject and patient say it all."""
    kind = type(event)
    fields = _own_fields.get(kind)
    if fields is None:
        named = msgspec.structs.fields(kind)
        fields = _own_fields[kind] = tuple(
            (field.encode_name, field.name) for field in named if field.name not in Event.__struct_fields__
        )
    if not fields:
        return None
    return msgspec.json.encode({name: getattr(event, field) for name, field in fields}).decode()
