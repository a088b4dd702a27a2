"""The floor: the least that answers a request on the same uvicorn. `python -m scripts.benchmark.bare PORT`."""

import sys
from collections.abc import Callable
from typing import Any

import uvicorn

BODY = (
    b'{"id":"01a1f787-92f6-7161-83f5-1662eb6d6643","name":"Consultation","priceMinor":3000,"currency":"EUR",'
    b'"durationMinutes":30,"color":"#1c7ed6","autoConfirm":false,"roomKind":null,"isActive":true,"version":1,'
    b'"createdAt":"2026-11-20T08:00:00Z","updatedAt":"2026-11-20T08:00:00Z"}'
)
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(BODY)).encode())]


async def bare(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
    """The body of a plain record read, without reading anything."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    uvicorn.run(
        bare,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="error",
    )
