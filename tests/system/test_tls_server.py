"""The clinic served over TLS: guarded from the first byte, explained on a plain page, found by its name."""

import asyncio
import json
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from cryptography import x509
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from zeroconf import Zeroconf

from esante import network
from esante.demo import Furnished
from esante.kernel.config import Config, Limits, Server, Tls
from esante.kernel.http_guard import Door
from esante.kernel.tls import Certificates, fingerprint
from esante.kernel.tls_protocol import tls_protocol
from esante.welcome import Welcome
from tests.conftest import PASSWORD
from tests.live import free_port, wait_until
from tests.process import Served, run
from tests.system.test_headers import ALWAYS, CLOSED

LIMITS = Limits(header_seconds=1.5, body_stall_seconds=1.5, header_bytes=2048, connections_per_address=8)


@pytest.fixture
def data(furnished: tuple[Path, Furnished], tmp_path: Path) -> Path:
    shutil.copytree(furnished[0], tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def page_port() -> int:
    return free_port()


@pytest.fixture
def toml(tmp_path: Path, data: Path, page_port: int) -> Path:
    path = tmp_path / "esante.toml"
    path.write_text(
        f'[keys]\nfile = "{data / "demo-key"}"\n[tls]\nmode = "local"\n[discovery]\nannounce = "on"\npage_port = {page_port}\n'
        "[limits]\nrequests_per_address = 10000\n"
    )
    return path


@pytest.fixture
def server(data: Path, toml: Path) -> Iterator[Served]:
    server = Served(data, toml, scheme="https")
    yield server
    server.kill()


def trusting(data: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(data / "tls" / "ca.crt"))


def test_it_works(server: Served, data: Path) -> None:
    """Browsers sign in with a cookie, apps with a token, sockets open; a device that does not trust the clinic gets nothing."""
    with httpx.Client(base_url=server.address, verify=trusting(data)) as client:
        health = client.get("/api/v1/health")
        assert health.json()["status"] == "ok"
        assert "strict-transport-security" not in health.headers
        body = {"identifier": "gwen@demo.esante.example", "password": PASSWORD, "cookie": True}
        assert client.post("/api/v1/auth/login", json=body).status_code == 200
        found = client.get("/api/v1/auth/me")
        assert found.json()["role"] == "admin"
        shown = client.get("/api/v1/admin/health").json()["certificate"]
        assert shown["mode"] == "local"
        assert shown["authorityFingerprint"]
        assert "esante_certificate_expiry_timestamp_seconds" in client.get("/metrics").text
        setting = client.get("/api/v1/settings/strictTransport")
        changed = client.put(
            "/api/v1/settings/strictTransport",
            json={"value": True},
            headers={"if-match": setting.headers["etag"], "x-esante": "1"},
        )
        assert changed.status_code == 200, changed.text
        for path in ("/", "/api/v1/health", "/nothing", "/api/v1/audit/users/x"):
            assert client.get(path).headers["strict-transport-security"] == "max-age=31536000"
    with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        httpx.get(f"{server.address}/api/v1/health")
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{server.port}/api/v1/health")
    with pytest.raises(InvalidStatus):
        connect(f"wss://127.0.0.1:{server.port}/api/v1/nothing", ssl=trusting(data))


def test_the_page_explains_and_hands_out_the_authority(server: Served, data: Path, page_port: int) -> None:
    page = httpx.get(f"http://127.0.0.1:{page_port}/", headers={"accept-language": "fr"})
    assert page.status_code == 200
    assert 'lang="fr"' in page.text
    assert "Prendre le certificat" in page.text
    assert f"{server.address}</a>" in page.text
    file = httpx.get(f"http://127.0.0.1:{page_port}/esante-ca.crt")
    assert file.headers["content-type"] == "application/x-x509-ca-cert"
    given = x509.load_der_x509_certificate(file.content)
    assert given == x509.load_pem_x509_certificate((data / "tls" / "ca.crt").read_bytes())
    assert fingerprint(given) in page.text
    for method, path, status in (("GET", "/api/v1/health", 404), ("GET", "/esante-ca.key", 404), ("POST", "/", 405)):
        answer = httpx.request(method, f"http://127.0.0.1:{page_port}{path}")
        assert answer.status_code == status
        assert "location" not in answer.headers
    assert httpx.head(f"http://127.0.0.1:{page_port}/").content == b""
    for answer in (page, file):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_page_whose_port_is_taken_keeps_nobody_from_working(data: Path, toml: Path, page_port: int) -> None:
    with socket.create_server(("127.0.0.1", page_port)):
        server = Served(data, toml, scheme="https")
        assert httpx.get(f"{server.address}/api/v1/health", verify=trusting(data)).status_code == 200
        assert server.stop() == 0
    assert "certificate_page_off" in (data.parent / "server.log").read_text()


def test_it_is_found_by_its_name(server: Served, data: Path) -> None:
    if "not_announced" in (data.parent / "server.log").read_text():
        pytest.skip("no multicast on this machine")
    seeker = Zeroconf(interfaces=["127.0.0.1"])
    try:
        found = seeker.get_service_info("_https._tcp.local.", "esante._https._tcp.local.", timeout=6000)
    finally:
        seeker.close()
    assert found is not None
    assert (found.server, found.port, found.parsed_addresses()) == ("esante.local.", server.port, ["127.0.0.1"])


async def test_it_is_announced_when_its_address_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """The box starts before its network; and an address that changes is announced anew."""
    seen: list[list[str]] = []
    here: list[Any] = []

    class Announcer:
        async def async_close(self) -> None:
            seen.append([])

    async def register(config: Config, port: int, found: list[str]) -> Announcer:
        seen.append(found)
        return Announcer()

    monkeypatch.setattr(network, "LOOKS_SECONDS", 0.01)
    monkeypatch.setattr(network, "_register", register)
    monkeypatch.setattr("esante.kernel.tls.addresses", lambda: [ip_address(ip) for ip in here])
    task = asyncio.create_task(network._announce(Config(server=Server(host="0.0.0.0")), 443))
    for addresses in (["127.0.0.1"], ["127.0.0.1", "192.168.1.5", "fd00::2"], ["192.168.1.9"]):
        await asyncio.sleep(0.1)
        here[:] = addresses
    await asyncio.sleep(0.1)
    await network._end(task)
    assert seen == [["192.168.1.5"], [], ["192.168.1.9"], []]


def test_it_stops_in_good_order(data: Path, toml: Path) -> None:
    server = Served(data, toml, scheme="https")
    with httpx.Client(verify=trusting(data)) as client:
        client.get(f"{server.address}/api/v1/health")
        assert server.stop() == 0


def test_a_sealed_clinic_speaks_tls_too(tmp_path: Path, page_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its passphrase never crosses the network, but nobody may take its page for another's either."""
    (tmp_path / "typed").write_text("correct horse battery staple\n")
    monkeypatch.setenv("ESANTE_PASSPHRASE_FILE", str(tmp_path / "typed"))
    toml = tmp_path / "esante.toml"
    key = f'[keys]\nfile = "{tmp_path / "none"}"\n'  # another clinic's may lie at the usual place
    toml.write_text(f'{key}[tls]\nmode = "local"\n[discovery]\npage_port = {page_port}\n')
    where = ("--data", str(tmp_path / "data"), "--config", str(toml))
    run("init", "--unlock", "passphrase", *where)
    server = Served(tmp_path / "data", toml, scheme="https")
    with httpx.Client(base_url=server.address, verify=trusting(tmp_path / "data")) as client:
        sealed = client.get("/")
        assert sealed.status_code == 503
        assert {name: sealed.headers[name] for name in ALWAYS} == ALWAYS
        assert sealed.headers["content-security-policy"] == CLOSED
        run("unlock", "--data", str(tmp_path / "data"))
        wait_until(lambda: client.get("/api/v1/health").json()["status"] == "ok", 30)
    assert server.stop() == 0


# ------------------------------------------------------------------------------------------ guarded


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def guarded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[int, Door, Path]]:
    """A bare application behind TLS and the guard, with short deadlines, on either loop."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (await receive())["type"] != "websocket.disconnect":
                pass
            return
        while (await receive()).get("more_body"):
            pass
        body = scope["scheme"].encode() * 1000
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    folder = tmp_path_factory.mktemp("tls")
    certificates, door = Certificates(folder, Config(tls=Tls(mode="local"))), Door(LIMITS)
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = uvicorn.Server(
        uvicorn.Config(
            app, loop=request.param, http=tls_protocol(door, certificates.context), ws="websockets-sansio", lifespan="off",
            access_log=False, log_config=None, timeout_graceful_shutdown=1,
        )
    )  # fmt: skip
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_until(lambda: server.started, 20)
    yield int(listener.getsockname()[1]), door, folder
    server.should_exit = True
    thread.join(10)


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def trusting_folder(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "tls" / "ca.crt"))


def ended(line: socket.socket, seconds: float = 5) -> float:
    """After how long the other side hung up."""
    began = time.monotonic()
    line.settimeout(seconds)
    try:
        while line.recv(65_536):
            pass
    except ConnectionError:
        pass
    return time.monotonic() - began


def let_go(door: Door) -> None:
    wait_until(lambda: not door.open, 10)


def test_requests_large_and_small_go_through(guarded: tuple[int, Door, Path]) -> None:
    port, door, folder = guarded
    with httpx.Client(verify=trusting_folder(folder)) as client:
        for size in (0, 10, 300_000):
            answer = client.post(f"https://localhost:{port}/", content=b"x" * size)
            assert (answer.status_code, answer.text) == (200, "https" * 1000)
        assert sum(door.open.values()) == 1
    let_go(door)


def test_sockets_open_and_their_address_is_let_go(guarded: tuple[int, Door, Path]) -> None:
    port, door, folder = guarded
    for _ in range(LIMITS.connections_per_address + 2):
        with connect(f"wss://localhost:{port}/", ssl=trusting_folder(folder)):
            assert sum(door.open.values()) == 1
        let_go(door)


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_a_handshake_that_does_not_come_ends(guarded: tuple[int, Door, Path], said: bytes) -> None:
    """Silent, begun and left, or no TLS at all."""
    with dial(guarded[0]) as line:
        if said:
            line.sendall(said)
        assert ended(line) < 4.5
    let_go(guarded[1])


def test_silent_connections_count_before_their_handshake(guarded: tuple[int, Door, Path]) -> None:
    """One address cannot take more than its share, whatever it does not say."""
    port, door, folder = guarded
    lines = [dial(port) for _ in range(LIMITS.connections_per_address)]
    wait_until(lambda: sum(door.open.values()) == LIMITS.connections_per_address, 5)
    with dial(port) as line:
        assert ended(line) < 1.0
    for line in lines:
        line.close()
    let_go(door)
    assert httpx.get(f"https://localhost:{port}/", verify=trusting_folder(folder)).status_code == 200
    let_go(door)


def test_header_and_body_have_their_deadlines_under_tls(guarded: tuple[int, Door, Path]) -> None:
    port, door, folder = guarded
    for said in (b"", b"GET / HTTP/1.1\r\nhost: x\r\n", b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc"):
        with trusting_folder(folder).wrap_socket(dial(port), server_hostname="localhost") as line:
            line.sendall(said)
            line.settimeout(5)
            assert line.recv(65_536).startswith(b"HTTP/1.1 408")
    let_go(door)


# ------------------------------------------------------------------------------------------ headers, console


def test_the_page_speaks_the_readers_language() -> None:
    page = Welcome(lambda: None, "https://esante.local", "fr")  # type: ignore[arg-type, return-value]
    assert page._answer({"method": "PUT", "path": "/", "headers": []})[0] == 405


def test_the_console_shows_and_prints(data: Path, toml: Path, tmp_path: Path) -> None:
    where = ("--data", str(data), "--config", str(toml))
    shown = json.loads(run("tls", "show", *where, "--json").stdout)
    assert "esante.local" in shown["names"]
    assert shown["authorityFingerprint"] in run("tls", "show", *where).stdout
    for name, begin in (("wall.pdf", b"%PDF"), ("wall.svg", b"<svg")):
        run("tls", "poster", str(tmp_path / name), *where)
        assert (tmp_path / name).read_bytes().startswith(begin)
    assert "neither" in run("tls", "poster", str(tmp_path / "wall.txt"), *where, check=False).stderr
    pypdf = pytest.importorskip("pypdf")
    text = pypdf.PdfReader(tmp_path / "wall.pdf").pages[0].extract_text().replace("\n", "")
    assert shown["authorityFingerprint"].replace(":", "") in text.replace(":", "").replace(" ", "")


def test_another_authority_is_made_when_asked_for(server: Served, data: Path, toml: Path) -> None:
    where = ("--data", str(data), "--config", str(toml))
    old = trusting(data)
    assert "A new authority" in run("tls", "new-authority", "--yes", *where).stdout
    assert httpx.get(f"{server.address}/api/v1/health", verify=old).status_code == 200, "until it looks again"
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.address}/api/v1/health", verify=trusting(data))


def test_where_nothing_is_encrypted_the_console_says_so(data: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain.toml"
    plain.write_text(f'[keys]\nfile = "{data / "demo-key"}"\n')
    where = ("--data", str(data), "--config", str(plain))
    assert "not encrypted here" in run("tls", "show", *where, check=False).stderr
    assert "no authority" in run("tls", "poster", "x.pdf", *where, check=False).stderr


def test_a_cookie_needs_tls_beyond_this_machine(clinic: Any) -> None:
    body = {"identifier": "gwen@demo.esante.example", "password": PASSWORD, "cookie": True}

    async def sign_in(scheme: str) -> httpx.Response:
        transport = httpx.ASGITransport(clinic.app.asgi, client=("192.168.1.20", 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://esante.local") as client:
            return await client.post("/api/v1/auth/login", json=body)

    refused = clinic.run(sign_in("http"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "COOKIE_NEEDS_TLS")
    assert clinic.run(sign_in("https")).headers["set-cookie"].startswith("__Host-esante=")
