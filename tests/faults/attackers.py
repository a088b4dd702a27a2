"""Slow and abusive clients, in a process of their own: `python -m tests.faults.attackers PORT EACH BOUND`.

Of each kind so many connections, forty from one loopback address; at the end it prints for each kind how many the server had
not ended so many seconds after the last byte, and what was answered.
"""

import asyncio
import json
import os
import random
import resource
import ssl
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

GET = b"GET /api/v1/health HTTP/1.1\r\nhost: x\r\n"
POST = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
FROM_ONE = 40

Lines = AsyncIterator[bytes]
Kind = Callable[[random.Random], Lines]


async def nothing(dice: random.Random) -> Lines:
    """Connects, and says nothing."""
    yield b""


async def slow_header(dice: random.Random) -> Lines:
    """A byte in a while."""
    for byte in GET + b"x-slow: " + b"a" * 10_000:
        yield bytes([byte])
        await asyncio.sleep(0.2)


async def stalled_body(dice: random.Random) -> Lines:
    yield POST + b"content-length: 1000\r\n\r\n{"


async def huge_header(dice: random.Random) -> Lines:
    yield GET
    for _ in range(64):
        yield b"x-huge: " + b"a" * 16_384 + b"\r\n"


async def many_headers(dice: random.Random) -> Lines:
    yield GET + b"".join(b"x-%d: 1\r\n" % number for number in range(20_000)) + b"\r\n"


async def huge_body(dice: random.Random) -> Lines:
    """A gigabyte is announced, and sent as far as it is taken."""
    yield POST + b"content-length: 1073741824\r\n\r\n"
    for _ in range(512):
        yield b"[" * 65_536


async def endless_chunks(dice: random.Random) -> Lines:
    yield POST + b"transfer-encoding: chunked\r\n\r\n"
    for _ in range(512):
        yield b"10000\r\n" + b"[" * 65_536 + b"\r\n"


async def pipelined(dice: random.Random) -> Lines:
    """Two hundred requests in one breath, the last one half."""
    yield (GET + b"\r\n") * 200 + GET


async def smuggled(dice: random.Random) -> Lines:
    """Two lengths that do not agree."""
    yield POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n"


async def garbage(dice: random.Random) -> Lines:
    for _ in range(8):
        yield dice.randbytes(dice.randint(1, 4_096))


async def tls_greeting(dice: random.Random) -> Lines:
    """A TLS client at a port that may speak it or not, with a few bytes turned."""
    out, context = ssl.MemoryBIO(), ssl.create_default_context()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), out, server_hostname="x").do_handshake()
    hello = bytearray(out.read())
    for _ in range(dice.randint(0, 3)):
        hello[dice.randrange(len(hello))] ^= 1 << dice.randrange(8)
    yield bytes(hello)


async def gone(dice: random.Random) -> Lines:
    """Asks, and hangs up without waiting."""
    yield GET + b"\r\n"
    raise ConnectionAbortedError


KINDS: tuple[Kind, ...] = (
    nothing, slow_header, stalled_body, huge_header, many_headers, huge_body, endless_chunks, pipelined, smuggled, garbage,
    tls_greeting, gone,
)  # fmt: skip


async def one(port: int, kind: Kind, number: int, bound: float) -> str:
    """How it ended: what was answered first, "closed" without an answer, or "open" for so long after the last byte went."""
    address = f"127.1.{1 + KINDS.index(kind)}.{1 + number // FROM_ONE}"
    answer, clock = b"", asyncio.get_running_loop().time
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    except OSError:
        return "closed"
    moved = clock()

    async def send() -> None:
        nonlocal moved
        with suppress(ConnectionError):
            async for some in kind(random.Random(number)):
                writer.write(some)
                await writer.drain()
                moved = moved if kind is slow_header else clock()
            return
        writer.transport.abort()

    sending, end = asyncio.create_task(send()), "closed"
    with suppress(OSError):
        while True:
            try:
                async with asyncio.timeout(1):
                    some = await reader.read(65_536)
            except TimeoutError:
                if clock() > moved + bound:
                    end = "open"
                    break
                continue
            if not some:
                break
            answer, moved = answer or some, clock()
    sending.cancel()
    writer.transport.abort()
    return answer[9:12].decode(errors="replace") if answer.startswith(b"HTTP/1.1 ") and end != "open" else end


async def main(port: int, each: int, bound: float) -> None:
    found: dict[str, Counter[str]] = {}

    async def attack(kind: Kind) -> None:
        ends = await asyncio.gather(*(one(port, kind, number, bound) for number in range(each)))
        found[kind.__name__] = Counter(ends)

    await asyncio.gather(*(attack(kind) for kind in KINDS))
    print(json.dumps(found))


if __name__ == "__main__":
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.nice(5)
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
