"""A clinic that opens with a passphrase only: it listens, says so on one page, and waits for `esante unlock`.

The passphrase comes over a socket in the data folder, which only the owner of that folder can reach; never over the network.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import msgspec
import structlog
import uvicorn
from litestar.types import Receive, Scope, Send

from esante import __version__
from esante.edge import HEADERS, NO_STORE, POLICY
from esante.kernel import keyring
from esante.kernel.errors import Broken
from esante.kernel.keyring import Keyring

log = structlog.get_logger(__name__)

SOCKET = "unlock.sock"
MOST_BYTES = 4_096

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>esante: sealed</title></head><body>
<h1>This clinic is sealed</h1>
<p>Its data opens with a passphrase, which is asked for after each start. On the box, type: <code>esante unlock</code></p>
<h1 lang="fr">Ce cabinet est scellé</h1>
<p lang="fr">Ses données s’ouvrent avec une phrase secrète, demandée après chaque démarrage.
Sur le serveur, tapez : <code>esante unlock</code></p></body></html>
""".encode()


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop and leave with 0; uvicorn itself would raise the signal again at the end."""
        self.should_exit = True


class Answer(msgspec.Struct, frozen=True):
    """What `esante unlock` is told."""

    ok: bool
    message: str = ""


def wait_for_passphrase(
    folder: Path, listener: socket.socket, protocol: type[asyncio.Protocol], on_sealed: Callable[[], None]
) -> Keyring:
    """Serve the sealed page on `listener` until somebody unlocks the clinic. A signal to stop is `SystemExit`."""
    return asyncio.run(_waiting(folder, listener, protocol, on_sealed))


def send_passphrase(folder: Path, passphrase: str) -> Answer:
    """Hand the passphrase to the server that waits in this folder; `Broken` when none does."""
    with _short_path(folder) as path, socket.socket(socket.AF_UNIX) as line:
        try:
            line.connect(path)
        except OSError:
            raise Broken(f"No sealed clinic waits in {folder}: it is open already, or not running") from None
        line.sendall(passphrase.encode() + b"\n")
        with line.makefile("rb") as answers:
            return msgspec.json.decode(answers.readline() or b'{"ok":false,"message":"no answer"}', type=Answer)


async def _waiting(
    folder: Path, listener: socket.socket, protocol: type[asyncio.Protocol], on_sealed: Callable[[], None]
) -> Keyring:
    opened: list[Keyring] = []
    server = _Server(
        uvicorn.Config(
            _sealed, http=protocol, lifespan="off", access_log=False, log_config=None, server_header=False, ws="none"
        )
    )
    turn = asyncio.Lock()

    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            typed = (await reader.readuntil(b"\n")).decode().rstrip("\n")
            async with turn:  # one try costs a quarter of a gigabyte for a second
                opened.append(await asyncio.to_thread(keyring.unlock_with_passphrase, folder, typed))
            answer = Answer(ok=True)
            server.should_exit = True
        except Broken as error:
            log.warning("unlock_failed")
            answer = Answer(ok=False, message=str(error))
        except (UnicodeDecodeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            answer = Answer(ok=False, message="This is not a passphrase")
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()
        writer.close()

    with _short_path(folder) as path:
        (folder / SOCKET).unlink(missing_ok=True)  # of a server that was killed; the folder's lock is ours
        before = os.umask(0o177)
        try:
            door = await asyncio.start_unix_server(hear, path, limit=MOST_BYTES)
        finally:
            os.umask(before)
        async with door:
            on_sealed()
            await server.serve(sockets=[listener.dup()])
        (folder / SOCKET).unlink(missing_ok=True)
    if not opened:
        raise SystemExit(0)
    return opened[0]


async def _sealed(scope: Scope, receive: Receive, send: Send) -> None:
    status, kind, body = 503, b"text/html; charset=utf-8", _PAGE
    if scope["path"] == "/api/v1/health":
        status, kind = 200, b"application/json"
        body = msgspec.json.encode({"status": "sealed", "version": __version__, "reason": "esante unlock"})
    elif scope["path"].startswith("/api/"):
        kind = b"application/json"
        message = "The clinic is sealed until its passphrase is typed on the box: esante unlock"
        body = msgspec.json.encode({"error": {"code": "SEALED", "message": message, "details": [], "requestId": ""}})
    headers = [
        *HEADERS,
        POLICY,
        NO_STORE,
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", b"30"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


@contextmanager
def _short_path(folder: Path) -> Iterator[str]:
    """The socket by way of the open folder: an address of a socket may have 107 bytes only, a folder's path may have more."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/dev/fd/{handle}/{SOCKET}"
    finally:
        os.close(handle)
