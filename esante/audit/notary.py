"""Signs the log's checkpoints while the clinic is open: every 1,000 lines, every hour, and at stop."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import structlog

from esante.audit import service
from esante.kernel import checkpoints
from esante.kernel.actor import house
from esante.kernel.audit_log import Tree
from esante.kernel.checkpoints import Checkpoint, Signer
from esante.kernel.database import Database
from esante.kernel.errors import Unavailable
from esante.kernel.transaction import ReadTx

log = structlog.get_logger(__name__)

LINES = 1_000
HOURLY = timedelta(hours=1)
LOOKS_SECONDS = 5.0
NOTARY = house("notary")


class Notary:
    """`run` until `stop`; `sign` at any time."""

    def __init__(self, db: Database, signer: Signer) -> None:
        self._db, self.signer = db, signer
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Sign when it is time; a clinic that cannot write just now is asked again."""
        while not self._stopped.is_set():
            with suppress(Unavailable):
                if self._db.read(NOTARY, _is_time):
                    await self.sign()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOKS_SECONDS):
                    await self._stopped.wait()
        with suppress(Unavailable):
            await self.sign()

    def stop(self) -> None:
        self._stopped.set()

    async def sign(self) -> Checkpoint | None:
        """A checkpoint of the log as it is; None when the last one says as much. The tree is grown beside the writer."""
        tree, size = await self._db.scan(NOTARY, _grown)
        if tree.size == size:
            return None
        made = self.signer.sign(tree.size, tree.root())
        await self._db.write(NOTARY, service.keep_checkpoint, made, tuple(tree.peaks))
        log.info("checkpoint_signed", lines=made.size)
        return made


def _is_time(tx: ReadTx) -> bool:
    last = checkpoints.newest(tx.conn)
    size, at = (last[0], last[1]) if last else (0, None)
    return service.lines(tx) >= size + LINES or (service.lines(tx) > size and (at is None or tx.now >= at + HOURLY))


def _grown(tx: ReadTx) -> tuple[Tree, int]:
    last = checkpoints.newest(tx.conn)
    return checkpoints.grown(tx.conn), last[0] if last else 0
