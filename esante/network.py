"""What the server does on the building's network beside answering: it is found by name, explains its certificate, renews it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
import uvicorn
from cryptography import x509
from uvicorn.server import ServerState
from zeroconf import Error as MdnsError
from zeroconf import IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from esante.kernel import tls
from esante.kernel.config import Config
from esante.kernel.http_guard import Door, guarded_protocol
from esante.kernel.tls import Certificates
from esante.welcome import Welcome

log = structlog.get_logger(__name__)

LOOKS_SECONDS = 60.0
"""So often is looked whether the certificate is to be renewed, or the operator's files have changed."""


@asynccontextmanager
async def around(
    config: Config, certificates: Certificates | None, port: int, state: ServerState, language: Callable[[], str]
) -> AsyncIterator[None]:
    """All of it, while the server answers on `port`. What cannot be is said in the log, and keeps nobody from working."""
    async with AsyncExitStack() as stack:
        if certificates:
            stack.push_async_callback(_end, asyncio.create_task(_renew(certificates), name="certificates"))
            if config.tls_mode == "local" and config.discovery.page_port:
                await stack.enter_async_context(_page(config, certificates, port, state, language()))
        if config.discovery.announce == "on" or (config.discovery.announce == "auto" and config.is_on_network):
            stack.push_async_callback(_end, asyncio.create_task(_announce(config, port), name="announce"))
        yield


async def _renew(certificates: Certificates) -> None:
    while True:
        await asyncio.sleep(LOOKS_SECONDS)
        await asyncio.to_thread(certificates.refresh)


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


# ---------------------------------------------------------------------------------- the page


@asynccontextmanager
async def _page(
    config: Config, certificates: Certificates, port: int, state: ServerState, language: str
) -> AsyncIterator[None]:
    def authority() -> x509.Certificate:
        assert certificates.authority is not None, "a clinic that makes its own certificates has an authority"
        return certificates.authority

    app = Welcome(authority, config.address_at(port), language)
    served = uvicorn.Config(
        app, http=guarded_protocol(Door(config.limits)), lifespan="off", ws="none", access_log=False, log_config=None,
        server_header=False, proxy_headers=False,
    )  # fmt: skip
    served.load()
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.Protocol:
        return served.http_protocol_class(config=served, server_state=state, app_state={}, _loop=loop)  # type: ignore[call-arg]

    try:
        server = await loop.create_server(protocol, config.server.host, config.discovery.page_port, reuse_address=True)
    except OSError as error:
        log.warning("certificate_page_off", port=config.discovery.page_port, why=error.strerror or str(error))
        yield
        return
    log.info("certificate_page_on", port=config.discovery.page_port)
    try:
        yield
    finally:
        server.close()


# ---------------------------------------------------------------------------------- the name


async def _announce(config: Config, port: int) -> None:
    """By mDNS: `<name>.local` leads here, also when the box gets its address later, or another one."""
    shown: list[str] = []
    announcer: AsyncZeroconf | None = None
    try:
        while True:
            if (found := _announceable(config)) != shown:
                if announcer:
                    await announcer.async_close()
                announcer = await _register(config, port, found) if found else None
                shown = found
            await asyncio.sleep(LOOKS_SECONDS)
    finally:
        if announcer:
            await announcer.async_close()


def _announceable(config: Config) -> list[str]:
    """The addresses of the family that the server listens on."""
    version = 6 if ":" in config.server.host else 4
    return [str(ip) for ip in tls.addresses() if ip.version == version and ip.is_loopback != config.is_on_network]


async def _register(config: Config, port: int, found: list[str]) -> AsyncZeroconf | None:
    kind, name = "_https._tcp.local." if config.tls_mode != "off" else "_http._tcp.local.", config.discovery.name
    info = AsyncServiceInfo(
        kind, f"{name}.{kind}", port=port, server=f"{name}.local.", parsed_addresses=found, properties={"path": "/"}
    )
    version = IPVersion.V6Only if ":" in found[0] else IPVersion.V4Only
    announcer = None
    try:
        announcer = AsyncZeroconf(interfaces=found, ip_version=version)
        await announcer.async_register_service(info, allow_name_change=True)
    except (MdnsError, OSError, RuntimeError) as error:
        log.warning("not_announced", why=str(error) or type(error).__name__)
        if announcer:
            await announcer.async_close()
        return None
    log.info("announced", host=f"{name}.local", addresses=found)
    return announcer
