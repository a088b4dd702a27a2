"""Tries every line of the matrix as every role, and says what came of it.

Whatever a request changes is undone before its answer: the command runs to its end in the writer, its reactions too, and is
then rolled back. So requests do not disturb each other, and may run many at a time.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import httpx
import msgspec
import pytest

from esante.kernel.access import OPEN
from esante.kernel.errors import Refusal
from esante.kernel.transaction import WriteTx
from esante.kernel.writer import Item, Writer
from tests.conftest import Clinic
from tests.matrix.furnished import BASICS, CANARIES, CLINICAL, OWNERSHIPS, PHONES, ROLES, Ids
from tests.matrix.requests import Ask, Line, lines

AT_ONCE = 40
WIDE = 66
"""So many characters has the name of a line at most, with a space behind it."""

LET_IN = "+"
RULE = "~"
DOOR = "-"
SIGNS = """
+  let in, and done
~  let in, and then refused by a rule of the matter: wrong state, stale version, a value that cannot be
-  turned away at the door: not signed in (401), not for this role (403); behind it stands what the policy would say
3  refused by the policy: seen, but not allowed (403)
4  refused by the policy: hidden (404)
1  not known, or no longer (401)
L  the session is locked (423)
"""


Cell = tuple[str, Line, Ask]
"""A role at a line, with one request."""


class LetIn(Refusal):
    """Not a refusal: the command was done, and is undone."""

    status: ClassVar[int] = 299


class Tried(NamedTuple):
    """What one request came to."""

    sign: str
    request_id: str
    status: int
    text: str


class Came(NamedTuple):
    """What came of a series of requests, in their order."""

    cells: Sequence[Cell]
    tried: list[Tried]

    def pairs(self) -> list[tuple[Cell, Tried]]:
        return list(zip(self.cells, self.tried, strict=True))


@contextmanager
def undoing() -> Iterator[None]:
    """Every command of a person is rolled back once it is done."""
    run_one = Writer._run_one

    def run_and_undo(self: Writer, item: Item, now: Any, savepoints: bool) -> tuple[Any, WriteTx]:
        run_one(self, item, now, savepoints)
        raise LetIn("Done and undone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writer, "_run_one", run_and_undo)
        yield


@contextmanager
def switched_off(clinic: Clinic) -> Iterator[None]:
    """The clinic has no kiosk, books nobody in public and registers nobody by themselves."""
    house = clinic.db._house
    before = house.settings
    house.settings = msgspec.structs.replace(
        before, feature_kiosk=False, feature_public_booking=False, patient_registration=False, doctor_registration=False
    )
    try:
        yield
    finally:
        house.settings = before


@contextmanager
def door_open(found: Sequence[Line]) -> Iterator[None]:
    """Every route lets everybody come as far as its service."""
    before = [(line.opt, line.access) for line in found]
    for line in found:
        line.opt["access"] = OPEN
    try:
        yield
    finally:
        for opt, access in before:
            opt["access"] = access


class Trial:
    """The furnished clinic, asked by everybody."""

    def __init__(self, clinic: Clinic, found: Sequence[Line]) -> None:
        self.clinic, self.lines = clinic, found
        self._headers = {role: dict(getattr(clinic, name).headers) if name else {} for role, name in ROLES.items()}

    def came(self, wanted: Sequence[Cell]) -> Came:
        return Came(wanted, self.ask_all(wanted))

    def ask_all(self, wanted: Sequence[Cell]) -> list[Tried]:
        """Many requests, some at a time; the answers in the order of the requests."""
        return self.clinic.run(self._ask_all(wanted))

    async def _ask_all(self, wanted: Sequence[Cell]) -> list[Tried]:
        found: list[Tried] = []
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            found += await asyncio.gather(*(self._ask(role, line, ask) for role, line, ask in some))
        return found

    async def _ask(self, role: str, line: Line, ask: Ask) -> Tried:
        headers = self._headers[role] | dict(ask.headers)
        if line.method == "SOCKET":
            return await self._knock(ask.path, headers)
        try:
            answer = await self.clinic._http.request(
                line.method, ask.path, headers=headers, json=ask.body, content=ask.content
            )
        except Exception as error:  # the application itself gave up
            return Tried("!", "", 599, repr(error))
        return Tried(sign(answer), answer.headers.get("x-request-id", ""), answer.status_code, answer.text)

    async def _knock(self, path: str, headers: dict[str, str]) -> Tried:
        """Open a socket: accepted, or closed with a code that ends in the status (4401, 4403, 4404)."""
        raw = [(name.encode(), value.encode()) for name, value in headers.items()] + [(b"host", b"localhost")]
        scope = {
            "type": "websocket", "path": path, "raw_path": path.encode(), "query_string": b"", "headers": raw,
            "scheme": "ws", "client": ("127.0.0.1", 50_000), "server": ("localhost", 80), "subprotocols": [],
            "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0"}, "extensions": {}, "state": {},
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        events = iter([{"type": "websocket.connect"}])

        async def receive() -> dict[str, Any]:
            return next(events, {"type": "websocket.disconnect", "code": 1000})

        async def send(message: Any) -> None:
            sent.append(message)

        await self.clinic.app.asgi(scope, receive, send)  # type: ignore[arg-type]
        if any(one["type"] == "websocket.accept" for one in sent):
            return Tried(LET_IN, "", 101, "")
        closed = str(next((one.get("code") for one in sent if one["type"] == "websocket.close"), ""))
        return Tried({"4401": "1", "4403": "3", "4404": "4"}.get(closed, "3"), "", 403, str(sent))


def sign(answer: httpx.Response) -> str:
    """The cell of an answer. A request that the framework cannot read tries nothing: it has no cell, as a fault has none."""
    status = answer.status_code
    if status < 400:
        return LET_IN
    error = answer.json()["error"] if status < 500 else {}
    if status == 400 and error["message"].startswith("The request does not fit"):
        return "?"
    if status == 403 and error["message"] == "Your role does not allow this":
        return DOOR
    if status == 423:
        return "L" if error["code"] == "SESSION_LOCKED" else RULE
    if status >= 500:
        return "!"
    return {401: "1", 403: "3", 404: "4"}.get(status, RULE)


EVERY_WORD = [*CANARIES.values(), *CLINICAL.values(), *BASICS.values(), *(number[1:] for number in PHONES.values())]


def forbidden_words(role: str) -> list[str]:
    """What this role may never read, wherever it is let in."""
    strange = [word for one in ("foreign", "elsewhere") for word in (CANARIES[one], CLINICAL[one], BASICS[one])]
    return {
        "patient": strange,
        "helper": [*strange, CLINICAL["treated"]],
        "doctor": strange,
        "desk": [CLINICAL["elsewhere"]],
        "clerk": [*CLINICAL.values(), *BASICS.values()],
        "admin": [*CLINICAL.values(), *BASICS.values()],
    }.get(role, EVERY_WORD)


class Seen(NamedTuple):
    """All that was tried."""

    front: Came
    behind: Came
    """What the policies say to those whom the door turns away, with the door left open."""
    off: Came
    """What strangers, and who stands at the desk, are told when the clinic has switched it off."""

    def table(self) -> dict[str, dict[str, str]]:
        """By line and role the cell: one sign, or one for each ownership when they differ."""
        front, behind, off = (_rows(came) for came in self)
        for name, row in behind.items():
            for role, cell in row.items():
                front[name][role] = f"-{cell}"
        changed = {name: row for name, row in off.items() if any(front[name][role] != row[role] for role in row)}
        return front | {f"{name} off": {role: row.get(role, ".") for role in ROLES} for name, row in changed.items()}


def try_all(clinic: Clinic, ids: Ids) -> tuple[Trial, Seen]:
    """Each role at each line with each ownership; then with the door open, and with the clinic's features switched off."""
    found = list(lines(clinic.app.litestar, ids))
    asker = Trial(clinic, found)
    front = asker.came([(role, line, ask) for line in found for role in ROLES for ask in line.asks])
    turned_away = {
        (cell[0], cell[1].name)
        for cell, tried in front.pairs()
        if tried.sign == DOOR or (cell[0] == "anonymous" and cell[1].access != OPEN)
    }
    behind = [cell for cell in front.cells if (cell[0], cell[1].name) in turned_away]
    with door_open(found):
        came_behind = asker.came(behind)
    switched = [
        cell
        for cell in front.cells
        if cell[0] in ("anonymous", "desk") and (cell[1].access == OPEN or "/kiosk/" in cell[1].name)
    ]
    with switched_off(clinic):
        came_off = asker.came([cell for cell in switched if (cell[0], cell[1].name) not in turned_away])
    return asker, Seen(front, came_behind, came_off)


def _rows(came: Came) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for (role, line, _), tried in came.pairs():
        row = found.setdefault(line.name, {})
        row[role] = row.get(role, "") + tried.sign
    return {
        name: {role: cell[0] if len(set(cell)) == 1 else cell for role, cell in row.items()}
        for name, row in found.items()
    }


def written(row: dict[str, str]) -> str:
    return " ".join(f"{row[role]:{max(len(OWNERSHIPS) + 1, len(role))}}" for role in ROLES).rstrip()
