"""A clinic served for real: uvicorn on a free port of this machine, a mail server beside it, a clock that is set by hand."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from esante.app import App
from esante.kernel.config import Config
from esante.server import server_config


class Postman:
    """An SMTP server that keeps what it took."""

    def __init__(self) -> None:
        self.mails: list[Message] = []
        self.answer = "250 taken"
        self._arrived = threading.Condition()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self._controller.start()

    @property
    def port(self) -> int:
        return int(self._controller.port)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            with self._arrived:
                self.mails.append(message_from_bytes(envelope.original_content or b"", policy=default))
                self._arrived.notify_all()
        return self.answer

    def wait_for(self, recipient: str, subject: str, seconds: float = 30) -> Message:
        """The first mail to this address with this in its subject."""

        def there() -> Message | None:
            return next((one for one in self.mails if one["To"] == recipient and subject in one["Subject"]), None)

        with self._arrived:
            assert self._arrived.wait_for(lambda: there() is not None, seconds), [
                (one["To"], one["Subject"]) for one in self.mails
            ]
            found = there()
            assert found is not None
            return found

    def close(self) -> None:
        self._controller.stop()


class Live:
    """The served clinic."""

    def __init__(self, app: App, config: Config) -> None:
        self.app = app
        self._clients: list[httpx.Client] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.address = f"http://127.0.0.1:{self.port}"
        self.server = uvicorn.Server(server_config(app, config))
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]}, daemon=True)
        self._thread.start()
        wait_until(lambda: self.server.started, 60)

    def client(self, **more: Any) -> httpx.Client:
        """A fresh client, closed with the clinic."""
        client = httpx.Client(base_url=f"{self.address}/api/v1", timeout=20, **more)
        self._clients.append(client)
        return client

    def wake(self) -> None:
        """The clock was moved: let the clinic look what is due now."""
        self.app.clinic.db._loop.call_soon_threadsafe(self.app.jobs.wake)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.server.should_exit = True
        self._thread.join(20)


@contextmanager
def served(folder: Path, config: Config, now: Callable[[], Any]) -> Iterator[Live]:
    live = Live(App(folder, config, now=now), config)
    try:
        yield live
    finally:
        live.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come true in time"
        time.sleep(0.01)
