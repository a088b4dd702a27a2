"""A real server on a real port: what the guard refuses, and that it lets go."""

import base64
import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from esante.kernel.config import Limits
from esante.kernel.http_guard import CONTINUE, Door, HeadWithBody, guarded_protocol

LIMITS = Limits(header_seconds=0.3, body_stall_seconds=0.3, header_bytes=2048, connections_per_address=64)
Connect = Callable[..., socket.socket]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body; takes sockets, except at /no; leaves a large body at /slow lying for a while."""
    if scope["type"] == "websocket":
        await receive()
        if scope["path"] == "/no":
            await send({"type": "websocket.close", "code": 4401})
            return
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["path"] == "/slow":
        import asyncio

        await asyncio.sleep(0.8)
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if answered := ANSWERS.get(scope["path"]):
        await _answer(scope["path"], answered, send)
        return
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


ANSWERS = {
    "/pieces": [b"HTTP/1.1 200 said the body\r\n\r\n", b"", b"HTTP/1.1 again", b"."],
    "/empty": [b""],
    "/breaks-off": [b"only half"],
}
"""The bodies that these paths give, piece by piece."""


async def _answer(path: str, pieces: list[bytes], send: Any) -> None:
    if path == "/empty":
        await send({"type": "http.response.start", "status": 204, "headers": []})
    else:
        length = sum(map(len, pieces)) + 10 * (path == "/breaks-off")
        headers = [(b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number, piece in enumerate(pieces, 1):
        if path == "/breaks-off":
            return
        await send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})


@pytest.fixture(scope="module")
def door() -> Door:
    return Door(LIMITS)


@pytest.fixture(scope="module")
def port(door: Door) -> Iterator[int]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=guarded_protocol(door),
            ws="websockets-sansio",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield int(listener.getsockname()[1])
    server.should_exit = True
    thread.join(10)


@pytest.fixture
def connect(port: int, door: Door) -> Iterator[Connect]:
    with contextlib.ExitStack() as opened:
        yield lambda: opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
    until(lambda: not door.open)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def answer(conn: socket.socket) -> bytes:
    """Everything until the server hangs up, or has answered whole."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := conn.recv(65536):
            got += chunk
            head, _, body = got.partition(b"\r\n\r\n")
            if b"content-length: " in head and len(body) >= int(head.split(b"content-length: ")[1].split(b"\r\n")[0]):
                break
    return got


def status(conn: socket.socket) -> int:
    got = answer(conn)
    return int(got.split(b" ")[1]) if got else 0


def closed(conn: socket.socket) -> bool:
    try:
        return conn.recv(1) == b""
    except ConnectionResetError:
        return True


def get(conn: socket.socket) -> int:
    conn.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    return status(conn)


def upgrade(path: str) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()


def test_it_works(connect: Connect) -> None:
    conn = connect()
    for _ in range(3):
        assert get(conn) == 200
    conn.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello")
    assert answer(conn).endswith(b"\r\n\r\n5")


def test_a_header_that_does_not_come_is_408(connect: Connect) -> None:
    silent, slow, second = connect(), connect(), connect()
    assert get(second) == 200
    started = time.monotonic()
    slow.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
    second.sendall(b"GET / HTTP/1.1\r\n")
    assert [status(conn) for conn in (silent, slow, second)] == [408, 408, 408]
    assert time.monotonic() - started < 10
    assert closed(slow)


def test_a_header_that_drips_is_408(connect: Connect) -> None:
    conn = connect()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for byte in b"GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
            conn.sendall(bytes([byte]))
            time.sleep(0.02)
    assert status(conn) in (408, 0)
    assert closed(conn)


@pytest.mark.parametrize("pieces", [1, 40])
@pytest.mark.parametrize("requests_before", [0, 1])
@pytest.mark.parametrize("ends", [True, False])
def test_a_header_that_is_too_large_is_431(connect: Connect, pieces: int, requests_before: int, ends: bool) -> None:
    conn = connect()
    for _ in range(requests_before):
        assert get(conn) == 200
    header = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X-Long: " + b"x" * 4000 + (b"\r\n\r\n" if ends else b"")
    step = len(header) // pieces + 1
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        for start in range(0, len(header), step):
            conn.sendall(header[start : start + step])
            time.sleep(0.001)
    assert status(conn) in ((431,) if pieces == 1 else (431, 0))
    assert closed(conn)


def test_a_header_just_within_the_limit_and_a_large_body_pass_however_they_are_cut(connect: Connect) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\nX-Long: " + b"x" * 1900 + b"\r\n\r\n"
    request = head + b"b" * 100_000
    conn = connect()
    for cut in (len(head) - 3, len(head) - 1, len(head), len(head) + 50_000):
        conn.sendall(request[:cut])
        time.sleep(0.02)
        conn.sendall(request[cut:])
        assert answer(conn).endswith(b"\r\n\r\n100000")


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nhost: a\r\n"])
@pytest.mark.parametrize(
    "rest",
    [b"\r\n", b"Content-Length: 3\r\n\r\nabc", b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"],
    ids=["get", "body", "socket"],
)
def test_anything_but_one_host_is_400_and_nothing_more(connect: Connect, hosts: bytes, rest: bytes) -> None:
    conn = connect()
    conn.sendall(b"POST / HTTP/1.1\r\n" + hosts + rest + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    got = answer(conn)
    assert got.startswith(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n")
    assert got.count(b"HTTP/1.1") == 1
    assert closed(conn)


def test_a_body_that_stalls_is_408(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhalf")
    assert status(conn) == 408
    assert closed(conn)


def test_a_body_that_comes_slowly_but_comes_passes(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n")
    for _ in range(6):
        time.sleep(0.15)
        conn.sendall(b"x")
    assert answer(conn).endswith(b"\r\n\r\n6")


def test_a_body_that_we_leave_lying_is_not_the_senders_fault(connect: Connect) -> None:
    conn = connect()
    size = 3_000_000
    sender = threading.Thread(
        target=conn.sendall,
        args=(f"POST /slow HTTP/1.1\r\nHost: a\r\nContent-Length: {size}\r\n\r\n".encode() + bytes(size),),
    )
    sender.start()
    assert answer(conn).endswith(str(size).encode())
    sender.join()


def test_what_is_not_http_is_400(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"\x16\x03\x01 hello\r\n\r\n")
    assert status(conn) == 400


def test_a_refusal_has_the_shape_of_every_failure(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"GET / HTTP/1.1\r\n\r\n")
    error = json.loads(answer(conn).partition(b"\r\n\r\n")[2])["error"]
    assert (error["code"], error["details"], error["requestId"]) == ("BAD_REQUEST", [], "")


def test_the_65th_connection_is_429_and_after_closing_it_works_again(connect: Connect, door: Door) -> None:
    conns = [connect() for _ in range(64)]
    until(lambda: sum(door.open.values()) == 64)
    extra = connect()
    assert status(extra) == 429
    assert closed(extra)
    conns[0].close()
    until(lambda: sum(door.open.values()) == 63)
    assert get(connect()) == 200


def test_100_sockets_opened_and_closed_let_the_address_in_again(connect: Connect, door: Door) -> None:
    for number in range(100):
        conn = connect()
        conn.sendall(upgrade("/no" if number % 3 == 0 else "/"))
        head = conn.recv(4096)
        assert head.startswith(b"HTTP/1.1 403" if number % 3 == 0 else b"HTTP/1.1 101")
        if number % 3 == 1:
            conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # without a good-bye
        conn.close()
    until(lambda: not door.open)
    assert get(connect()) == 200


def test_open_sockets_count(connect: Connect, door: Door) -> None:
    for _ in range(64):
        conn = connect()
        conn.sendall(upgrade("/"))
        assert conn.recv(4096).startswith(b"HTTP/1.1 101")
    time.sleep(0.4)  # longer than every deadline: an open socket has none
    assert sum(door.open.values()) == 64
    assert status(connect()) == 429


def test_a_handshake_that_is_no_handshake_lets_go_too(connect: Connect, door: Door) -> None:
    for _ in range(70):
        conn = connect()
        conn.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert conn.recv(4096)[:10].startswith(b"HTTP/1.1 4")
        conn.close()
    until(lambda: not door.open)
    assert get(connect()) == 200


class Wire:
    """A transport that keeps what was sent, call by call."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.calls.append(data)

    def writelines(self, pieces: tuple[bytes, ...]) -> None:
        self.calls.append(b"".join(pieces))

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ([b"head", b"body"], [b"headbody"]),
        ([b"head", b""], [b"head"]),
        ([b"head", b"one", b"two", b""], [b"headone", b"two", b""]),
        ([CONTINUE, b"head", b"body"], [CONTINUE, b"headbody"]),
        ([b"head"], [b"head"]),
        ([], []),
    ],
)
def test_a_head_leaves_with_the_first_piece_of_its_body(written: list[bytes], sent: list[bytes]) -> None:
    wire = Wire()
    way = HeadWithBody(wire)  # type: ignore[arg-type]
    for data in written:
        way.write(data)
    way.close()
    assert wire.calls == sent
    assert way.is_closing()


def test_answers_arrive_whole_whatever_their_pieces_are(connect: Connect) -> None:
    conn = connect()
    for _ in range(2):
        for path, length in (("/pieces", sum(map(len, ANSWERS["/pieces"]))), ("/", 1)):
            conn.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            got = answer(conn)
            assert got.startswith(b"HTTP/1.1 200 ")
            assert len(got.partition(b"\r\n\r\n")[2]) == length
        conn.sendall(b"GET /empty HTTP/1.1\r\nHost: a\r\n\r\nHEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
        got = b""
        while got.count(b"\r\n\r\n") < 2:
            got += conn.recv(65536)
        assert got.startswith(b"HTTP/1.1 204 ")
        assert b"\r\n\r\nHTTP/1.1 200 " in got
        assert got.endswith(b"\r\n\r\n")


def test_an_answer_that_breaks_off_is_cut_and_closed(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"GET /breaks-off HTTP/1.1\r\nHost: a\r\n\r\n")
    got = answer(conn)
    assert got.startswith(b"HTTP/1.1 200 ")
    assert got.endswith(b"\r\n\r\n")


def test_who_waits_to_be_told_to_go_on_is_told_first(connect: Connect) -> None:
    conn = connect()
    conn.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
    assert conn.recv(65536) == CONTINUE
    conn.sendall(b"abc")
    assert answer(conn).endswith(b"\r\n\r\n3")


@pytest.mark.parametrize("before", [0, 1])
def test_line_ends_that_begin_no_request_do_not_keep_a_connection(connect: Connect, before: int) -> None:
    conn = connect()
    for _ in range(before):
        assert get(conn) == 200
    conn.sendall(b"\r\n")
    assert status(conn) == 408
    assert closed(conn)


def test_a_socket_may_be_silent(connect: Connect) -> None:
    conn = connect()
    conn.sendall(upgrade("/"))
    assert conn.recv(65536).startswith(b"HTTP/1.1 101")
    conn.settimeout(0.9)
    with pytest.raises(TimeoutError):
        conn.recv(1)
