"""The two pages beside the application, on port 80 and before the passphrase, asked for every route that the clinic has; and the
numbers for machines, which only this machine, an admin and who has the token are told."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from esante import sealed
from esante.welcome import FILE, Welcome
from tests.conftest import Clinic
from tests.matrix.furnished import CANARIES, ROLES, Ids, matrix_clinic
from tests.matrix.requests import Line, lines

CERTIFICATE = b"the authority's certificate"


class Authority:
    """Stands for the certificate, which is all that may be handed out."""

    def public_bytes(self, encoding: Any) -> bytes:
        return CERTIFICATE

    def fingerprint(self, algorithm: Any) -> bytes:
        return b"\x01" * 32


@pytest.fixture(scope="module")
def furnished() -> Iterator[tuple[Clinic, Ids, list[Line]]]:
    with matrix_clinic() as (clinic, ids):
        yield clinic, ids, list(lines(clinic.app.litestar, ids))


def asked(app: Any, clinic: Clinic, found: list[Line]) -> list[tuple[Line, str, httpx.Response]]:
    """Every line, by a stranger and with everybody's session."""
    headers = {role: dict(getattr(clinic, name).headers) if name else {} for role, name in ROLES.items()}

    async def all_of_them() -> list[tuple[Line, str, httpx.Response]]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return [
                (line, role, await client.request(line.method, line.asks[0].path, headers=headers[role]))
                for line in found
                if line.method != "SOCKET"
                for role in ROLES
            ]

    return asyncio.run(all_of_them())


def test_the_page_on_port_80_knows_two_addresses_and_no_method_but_reading(
    furnished: tuple[Clinic, Ids, list[Line]],
) -> None:
    clinic, _, found = furnished
    page = Welcome(lambda: Authority(), "https://esante.local", "en")  # type: ignore[arg-type, return-value]
    answers = asked(page, clinic, found)
    wrong = [
        f"{role}: {line.name} -> {answer.status_code}"
        for line, role, answer in answers
        if answer.status_code != (405 if line.method != "GET" else 200 if line.name == "GET /" else 404)
        or (answer.status_code != 200 and len(answer.content) > 5)
    ]
    assert wrong == []
    assert asyncio.run(_get(page, FILE)).content == CERTIFICATE
    assert asyncio.run(_get(page, f"{FILE}/..%2f")).status_code == 404


async def _get(app: Any, path: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        return await client.get(path)


def test_a_sealed_clinic_tells_nobody_anything(furnished: tuple[Clinic, Ids, list[Line]]) -> None:
    clinic, _, found = furnished
    answers = asked(sealed._sealed, clinic, found)
    told = {(answer.status_code, answer.text) for line, _, answer in answers if line.name != "GET /health"}
    assert {status for status, _ in told} == {503}
    assert len(told) == 2, "one page, and one answer for programs, whoever asks for whatever"
    assert not any(word in text for _, text in told for word in (*CANARIES.values(), "El Fassi"))
    (health,) = {answer.text for line, _, answer in answers if line.name == "GET /health"}
    assert '"status":"sealed"' in health


@pytest.mark.parametrize("role", ROLES)
def test_the_numbers_are_not_for_who_comes_from_elsewhere(furnished: tuple[Clinic, Ids, list[Line]], role: str) -> None:
    clinic, _, _ = furnished
    name = ROLES[role]
    headers = dict(getattr(clinic, name).headers) if name else {}

    async def ask() -> int:
        transport = httpx.ASGITransport(clinic.app.asgi, client=("192.168.1.20", 50_000))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return (await client.get("/metrics", headers=headers)).status_code

    assert clinic.run(ask()) == (200 if role == "admin" else 403)
