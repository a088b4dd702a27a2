"""Structured logs on standard error: ids, routes, times; never a name, a token, a header value or a body."""

import logging
import os
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import Processor

from esante.kernel import metrics
from esante.kernel.config import Log
from esante.kernel.errors import Broken

REQUEST_ID: ContextVar[str] = ContextVar("request_id")
"""Set at the edge, so that every line that a request causes carries it."""


_SECRET = ("password", "token", "secret", "code", "authorization", "cookie", "key", "email", "mobile", "name")


def set_up(config: Log) -> None:
    """One format for ours and for the libraries'."""
    level = getattr(logging, config.level.upper())
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if config.format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("uvicorn.access", "httpx", "asyncio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def to_file(config: Log) -> None:
    """Write every line into the configured file as well. For the server alone: two processes would rotate it twice.

    Refuses (`Broken`) a folder that is not there. A full disk loses lines, which are counted, and nothing else.
    """
    if not config.file:
        return
    path = Path(config.file).expanduser()
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise Broken(f"The log cannot be written: there is no folder {path.parent}, or it is not writable")
    handler = LogFile(path, maxBytes=config.file_bytes, backupCount=config.files - 1, encoding="utf-8", delay=True)
    handler.setFormatter(_formatter(structlog.processors.JSONRenderer()))
    logging.getLogger().addHandler(handler)


class LogFile(RotatingFileHandler):
    """Rotated by size, readable by its owner only. After a failure it is opened anew for the next line."""

    def _open(self) -> TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if (size := os.fstat(handle).st_size) and os.pread(handle, 1, size - 1) != b"\n":
            os.write(handle, b"\n")  # a line that a full disk or a death has cut spoils no other
        return open(handle, "a", encoding="utf-8")

    def handleError(self, record: logging.LogRecord) -> None:
        metrics.LOG_LINES_LOST.inc()
        stream, self.stream = self.stream, None
        if stream is not None:
            with suppress(OSError, ValueError):
                stream.close()


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A last net: a value under a telling key never reaches a line."""
    for key in event:
        if key != "event" and any(part in key.lower() for part in _SECRET):
            event[key] = "[redacted]"
    return event


def _place(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Which request it belongs to."""
    if (request_id := REQUEST_ID.get(None)) is not None:
        event.setdefault("request_id", request_id)
    return event


_SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    _place,
    redact,
]


def _formatter(renderer: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            renderer,
        ],
    )
