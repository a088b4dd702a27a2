"""Attackers in a process of their own: `python -m tests.identity.flood PORT ADDRESSES EACH [IDENTIFIER]`.

Each comes from another loopback address, and sends wrong passwords one after the other over one connection: for the one
identifier, or for somebody else each time. At the end it prints how often each status was answered.
"""

import asyncio
import json
import sys
from collections import Counter

HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


async def attack(port: int, number: int, each: int, identifier: str | None, statuses: Counter[int]) -> None:
    address = f"127.0.{1 + number // 50}.{1 + number % 50}"
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    for turn in range(each):
        whom = identifier or f"somebody{number}x{turn}@example.org"
        body = json.dumps({"identifier": whom, "password": "Wrong-Horse-7", "deviceId": f"attacker-{number}"}).encode()
        writer.write(HEAD % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        statuses[int(answer[9:12])] += 1
        length = next(int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        await reader.readexactly(length)
    writer.close()


async def main(port: int, addresses: int, each: int, identifier: str | None) -> None:
    statuses: Counter[int] = Counter()
    await asyncio.gather(*(attack(port, number, each, identifier, statuses) for number in range(addresses)))
    print(json.dumps(statuses))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else None))
