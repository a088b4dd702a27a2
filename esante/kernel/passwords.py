"""Argon2id, off the loop and never inside a transaction.

One thread of its own with a bounded queue: in the default pool twenty logins would starve every other request. Who comes from
a known device goes ahead of the strangers, and finds a place in the queue when these have filled theirs.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from esante.kernel.errors import TooMany

P = ParamSpec("P")
T = TypeVar("T")

WAITING = 32


class Passwords:
    """`hash` and `verify`; both refuse with 429 when too many wait."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
        self._thread = ThreadPoolExecutor(1, "argon2")
        self._is_busy = False
        self._queues: tuple[deque[asyncio.Future[None]], deque[asyncio.Future[None]]] = (deque(), deque())
        """Those ahead, and the others."""
        self.checks = 0
        """How many verifications were done: an unknown account must cost as many as a known one."""
        self._dummy = self._hasher.hash(secrets.token_urlsafe(24))

    async def hash(self, password: str, *, ahead: bool = False) -> str:
        return await self._run(ahead, self._hasher.hash, password)

    async def verify(self, hashed: str | None, password: str, *, ahead: bool = False) -> bool:
        """Is this the password? Without a hash (unknown account) it takes as long, and says no. Known devices go `ahead`."""
        self.checks += 1
        return await self._run(ahead, self._verify, hashed or self._dummy, password) and hashed is not None

    def is_outgrown(self, hashed: str) -> bool:
        """Was it hashed with weaker parameters than today's? Then hash again at this login."""
        return self._hasher.check_needs_rehash(hashed)

    def hash_now(self, password: str) -> str:
        """For the command line, which has no loop to spare."""
        return self._hasher.hash(password)

    def close(self) -> None:
        self._thread.shutdown()

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, ahead: bool, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        await self._turn(self._queues[0 if ahead else 1])
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(*args, **kwargs))
        finally:
            self._next()

    async def _turn(self, queue: "deque[asyncio.Future[None]]") -> None:
        if not self._is_busy:
            self._is_busy = True
            return
        if len(queue) >= WAITING:
            raise TooMany("Too many people are signing in at once. Please try again", retry_after=2)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came together with the turn, which somebody else must have
                self._next()
            raise

    def _next(self) -> None:
        for queue in self._queues:
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    return
        self._is_busy = False
