"""TLS in front of the HTTP protocol, with the limits that a server lacks before the first encrypted byte.

The server's own TLS knows a connection only once its handshake is done: until then nobody counts it, and it may take a
minute. Here it is counted against its address when it is accepted, and the handshake has the header's deadline.
"""

import asyncio
import ssl
import sys
from asyncio import sslproto
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from esante.kernel import metrics
from esante.kernel.config import Limits
from esante.kernel.http_guard import Door, guarded_protocol


class _Counted(Door):
    """For the protocol inside: its connection was counted when it was accepted."""

    def enter(self, address: str) -> bool:
        return True

    def leave(self, address: str) -> None:
        pass


def tls_protocol(door: Door, context: ssl.SSLContext) -> type[asyncio.BufferedProtocol]:
    """uvicorn's HTTP protocol with our limits, behind TLS; pass it as `http=`."""
    inside = guarded_protocol(_Counted(door.limits))

    class TlsProtocol(_Tls):
        def __init__(self, **options: Any) -> None:
            super().__init__(door, context, inside(**options), door.limits)

    return TlsProtocol


class _Tls(asyncio.BufferedProtocol):
    """Hands all that happens on the connection to the TLS protocol of the loop, and counts the connection."""

    _address: str | None = None
    _tls: Any = None

    def __init__(self, door: Door, context: ssl.SSLContext, inside: HttpToolsProtocol, limits: Limits) -> None:
        self._door, self._context, self._inside, self._limits = door, context, inside, limits

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else "?"
        if not self._door.enter(address):
            metrics.CONNECTIONS_REFUSED.labels("429").inc()
            transport.abort()  # type: ignore[attr-defined]
            return
        self._address = address
        loop = asyncio.get_running_loop()
        self._tls = _tls_of(loop)(
            loop, self._inside, self._context, None, server_side=True, call_connection_made=True,
            ssl_handshake_timeout=self._limits.header_seconds, ssl_shutdown_timeout=self._limits.header_seconds,
        )  # fmt: skip
        self._tls.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is not None:
            self._door.leave(self._address)
            self._address = None
        if self._tls is not None:
            self._tls.connection_lost(exc)

    def get_buffer(self, sizehint: int) -> Any:
        return self._tls.get_buffer(sizehint) if self._tls is not None else bytearray(1)

    def buffer_updated(self, nbytes: int) -> None:
        if self._tls is not None:
            self._tls.buffer_updated(nbytes)

    def eof_received(self) -> bool | None:
        return self._tls.eof_received() if self._tls is not None else None

    def pause_writing(self) -> None:
        if self._tls is not None:
            self._tls.pause_writing()

    def resume_writing(self) -> None:
        if self._tls is not None:
            self._tls.resume_writing()


def _tls_of(loop: asyncio.AbstractEventLoop) -> Any:
    """uvloop has one of its own, written in C; its stubs do not name it."""
    inner = sys.modules.get("uvloop.loop")
    return inner.SSLProtocol if inner and isinstance(loop, inner.Loop) else sslproto.SSLProtocol
