"""The log: in a file too, bounded, private, redacted, and never a reason to fail."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from esante.kernel import log, metrics
from esante.kernel.config import Log
from esante.kernel.errors import Broken


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def begin(folder: Path, **more: Any) -> Path:
    config = Log(file=str(folder / "esante.log"), **more)
    log.set_up(config)
    log.to_file(config)
    return folder / "esante.log"


def test_it_works(tmp_path: Path) -> None:
    path = begin(tmp_path)
    token = log.REQUEST_ID.set("r1")
    structlog.get_logger("esante").warning("something", id="i1", password="x", patient_name="Driss")
    log.REQUEST_ID.reset(token)
    logging.getLogger("uvicorn").warning("theirs")
    ours, theirs = lines(path)
    assert {"event": "something", "id": "i1", "request_id": "r1", "level": "warning"}.items() <= ours.items()
    assert (ours["password"], ours["patient_name"]) == ("[redacted]", "[redacted]")
    assert theirs["event"] == "theirs"
    assert "request_id" not in theirs
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_trace_shows_no_value_of_a_variable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = begin(tmp_path)
    word = " ".join(["a", "diagnosis"])
    try:
        raise KeyError(len(word))
    except KeyError:
        structlog.get_logger("esante").exception("failed")
    assert "KeyError" in path.read_text()
    assert word not in path.read_text()
    assert word not in capsys.readouterr().err


def test_its_size_and_number_are_bounded(tmp_path: Path) -> None:
    begin(tmp_path, file_bytes=10_000, files=3)
    logger = structlog.get_logger("esante")
    for number in range(1_000):
        logger.info("a line that takes some room", number=number)
    kept = sorted(tmp_path.iterdir())
    assert [file.name for file in kept] == ["esante.log", "esante.log.1", "esante.log.2"]
    assert all(file.stat().st_size <= 10_000 and file.stat().st_mode & 0o777 == 0o600 for file in kept)
    assert lines(tmp_path / "esante.log")[-1]["number"] == 999


def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = begin(tmp_path)
    logger = structlog.get_logger("esante")
    lost = metrics.LOG_LINES_LOST._value.get()
    path.symlink_to("/dev/full")
    logger.info("into the void")
    logger.info("into the void again")
    assert metrics.LOG_LINES_LOST._value.get() == lost + 2
    path.unlink()
    logger.info("there is room again")
    assert lines(path)[-1]["event"] == "there is room again"


def test_a_line_that_was_cut_spoils_no_other(tmp_path: Path) -> None:
    (tmp_path / "esante.log").write_text('{"event": "cu')
    path = begin(tmp_path)
    structlog.get_logger("esante").info("whole")
    cut, whole = path.read_text().splitlines()
    assert (cut, json.loads(whole)["event"]) == ('{"event": "cu', "whole")


def test_a_folder_that_is_not_there_is_said_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="there is no folder"):
        begin(tmp_path / "nowhere")
    log.to_file(Log())


async def test_requests_are_logged_by_route_where_wanted(clinic: Any, tmp_path: Path) -> None:
    path = begin(tmp_path)
    clinic.app.asgi._log_requests = True
    clinic.anonymous.get("/doctors/somebody")
    clinic.anonymous.get("/health")
    [line] = [line for line in lines(path) if line["event"] == "request"]
    assert (line["route"], line["status"], line["method"]) == ("/api/v1/doctors/{practitioner_id}", 404, "GET")
    assert line["ms"] >= 0
    assert len(line["request_id"]) == 16
