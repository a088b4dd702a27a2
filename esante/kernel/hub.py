"""Who is listening now: a bounded queue for each open socket."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

DEPTH = 256

Frames = asyncio.Queue[bytes | None]
"""Frames for one socket; None means: hang up, the reader lags or its session has ended."""


class Hub:
    """Publishing never waits: a socket that lags behind by `DEPTH` frames is hung up and catches up by number later."""

    def __init__(self, depth: int = DEPTH) -> None:
        self._depth = depth
        self._listeners: defaultdict[str, dict[Frames, str | None]] = defaultdict(dict)

    @contextmanager
    def listen(self, account: str, session: str | None = None) -> Iterator[Frames]:
        """A queue of what is published to this account, until the block ends."""
        frames: Frames = asyncio.Queue(self._depth)
        self._listeners[account][frames] = session
        try:
            yield frames
        finally:
            self._drop(account, frames)

    @property
    def open(self) -> int:
        """How many sockets listen."""
        return sum(map(len, self._listeners.values()))

    def publish(self, accounts: Iterable[str], frame: bytes) -> None:
        """Hand one encoded frame to every open socket of these accounts."""
        for account in accounts:
            for frames in list(self._listeners.get(account, ())):
                try:
                    frames.put_nowait(frame)
                except asyncio.QueueFull:
                    self._hang_up(account, frames)

    def end_session(self, account: str, session: str | None) -> None:
        """Hang up the sockets of one session, or of the whole account with None."""
        for frames, of in list(self._listeners.get(account, {}).items()):
            if session is None or of == session:
                self._hang_up(account, frames)

    def is_online(self, account: str) -> bool:
        return account in self._listeners

    def _hang_up(self, account: str, frames: Frames) -> None:
        self._drop(account, frames)
        while frames.full():
            frames.get_nowait()
        frames.put_nowait(None)

    def _drop(self, account: str, frames: Frames) -> None:
        self._listeners[account].pop(frames, None)
        if not self._listeners[account]:
            del self._listeners[account]
