"""Serving the clinic: one process, one address, until it is told to stop."""

import asyncio
import gc
import os
import signal
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from types import FrameType
from typing import cast

import structlog
import uvicorn
from uvicorn.server import ServerState

from esante import network
from esante.app import App
from esante.kernel import clock, files, keyring, log
from esante.kernel.config import LOOPBACK, Config
from esante.kernel.errors import Broken
from esante.kernel.http_guard import Door, guarded_protocol
from esante.kernel.keyring import Keyring
from esante.kernel.tls import Certificates
from esante.kernel.tls_protocol import tls_protocol
from esante.sealed import wait_for_passphrase

log_of = structlog.get_logger(__name__)

Beside = Callable[[ServerState], AbstractAsyncContextManager[None]]
"""What runs beside the server; see `network.around`."""


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], beside: Beside) -> None:
        super().__init__(config)
        self._on_ready, self._beside, self._stack = on_ready, beside, AsyncExitStack()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in good order and leave with 0; uvicorn itself would raise the signal again at the end."""
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What stands now stands until the end. Left to the collector, each full round looked through all of it, found
        # nothing, and stopped every request for 90 ms.
        gc.collect()
        gc.freeze()
        # Requests that wait for their commit are young and alive: looked through every 700 objects, they cost a booking 10 µs.
        gc.set_threshold(10_000)
        if self.started:
            await self._stack.enter_async_context(self._beside(self.server_state))
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._stack.aclose()
        await super().shutdown(sockets)


def serve(
    folder: Path,
    config: Config,
    *,
    on_ready: Callable[[str], None] = lambda address: None,
    on_sealed: Callable[[str], None] = lambda address: None,
    now: clock.Clock = clock.now,
) -> None:
    """Serve the clinic in `folder` until SIGINT or SIGTERM; what was asked is finished first.

    A clinic that opens with a passphrase only is sealed until `esante unlock`; `on_sealed` is told where it listens.
    Refuses (`Broken`) when another server has the folder, when the address is taken, when patients' data would go on the
    network before the recovery kit was typed back, and whatever `App` refuses.
    """
    host, port = config.server.host, config.server.port
    with files.locked(folder / "lock", f"an esante server, process {os.getpid()}"):
        log.to_file(config.log)
        listener = _listen(host, port)
        port = listener.getsockname()[1]
        address = config.address_at(port)
        certificates = Certificates(folder, config, now=now) if config.tls_mode != "off" else None
        if config.is_on_network and certificates is None:
            log_of.warning("not_encrypted", why="[tls] mode is off; whoever is on the network can read along")
        key_file = Path(config.keys.file).expanduser()
        if key_file.exists() or not keyring.opens_with(folder, "passphrase"):
            keys = keyring.unlock(folder, key_file)
        else:
            keys = wait_for_passphrase(folder, listener, protocol(config, certificates), lambda: on_sealed(address))
        refuse_before_kit(host, keys)
        app = App(folder, config, keys, now=now, certificates=certificates)

        def beside(state: ServerState) -> AbstractAsyncContextManager[None]:
            return network.around(config, certificates, port, state, lambda: app.clinic.db.settings.language)

        server = _Server(server_config(app, config), lambda: on_ready(address), beside)
        server.run(sockets=[listener])


def refuse_before_kit(host: str, keys: Keyring) -> None:
    """Going live is listening beyond this machine; a clinic does so only once its recovery kit was proved to work."""
    if host not in LOOPBACK and not any(kit.proven_at for kit in keys.kits):
        raise Broken(
            "Before the clinic opens to the network, make its recovery kit and type it back once: without it, a lost key"
            " is the loss of all data. esante key kit FILE.pdf, then esante key verify-kit"
        )


def protocol(config: Config, certificates: Certificates | None) -> type[asyncio.Protocol]:
    """How connections are spoken with: guarded, and encrypted where there are certificates."""
    door = Door(config.limits)
    made = tls_protocol(door, certificates.context) if certificates else guarded_protocol(door)
    return cast(type[asyncio.Protocol], made)


def server_config(app: App, config: Config) -> uvicorn.Config:
    """uvicorn as it was measured to be best, with the limits that it lacks."""
    return uvicorn.Config(
        app.asgi,
        loop="uvloop",
        http=protocol(config, app.clinic.certificates),
        ws="websockets-sansio",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
        ws_max_size=1_048_576,
        ws_per_message_deflate=False,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Broken(
            f"{host}:{port} cannot be used ({error.strerror}). Choose another with --host and --port"
        ) from None
    return listener
