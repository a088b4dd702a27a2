"""Sealed files: any bytes come back, and nothing of a damaged block."""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from esante.kernel import vault as vault_module
from esante.kernel.errors import Broken, NotFound, TooLarge
from esante.kernel.vault import SALT, TAG, Vault

BLOCK = 64
NOBODYS = "01a1f7b4-4439-74ef-aced-d672384bbb5c"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Vault:
    monkeypatch.setattr(vault_module, "BLOCK", BLOCK)
    monkeypatch.setattr(vault_module, "SHOVEL", 2 * BLOCK)
    return Vault(tmp_path / "files", bytes(32))


async def stream(content: bytes, size: int = 50) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def opened(vault: Vault, id: str) -> bytes:
    return b"".join([block async for block in vault.open(id)])


async def until_damage(vault: Vault, id: str) -> tuple[bytes, bool]:
    """What is given before the damage, and whether it was told."""
    given = b""
    try:
        async for block in vault.open(id):
            given += block
    except Broken:
        return given, True
    return given, False


def on_disk(vault: Vault) -> list[Path]:
    return [path for path in vault.folder.rglob("*") if path.is_file()]


async def test_it_works(vault: Vault) -> None:
    saved = await vault.save(stream(b"An X-ray. " * 100))
    assert (saved.size, saved.sha256) == (1000, hashlib.sha256(b"An X-ray. " * 100).hexdigest())
    assert await opened(vault, saved.id) == b"An X-ray. " * 100
    vault.remove(saved.id)
    vault.remove(saved.id)
    with pytest.raises(NotFound):
        await opened(vault, saved.id)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=8 * BLOCK), size=st.integers(1, 5 * BLOCK))
def test_any_bytes_come_back_however_they_arrive(vault: Vault, content: bytes, size: int) -> None:
    async def there_and_back() -> None:
        saved = await vault.save(stream(content, size))
        assert await opened(vault, saved.id) == content
        assert saved.size == len(content)

    asyncio.run(there_and_back())


@pytest.mark.parametrize(
    "length", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1, 3 * BLOCK, 4 * BLOCK, 7 * BLOCK]
)
async def test_the_edges_of_blocks_come_back(vault: Vault, length: int) -> None:
    saved = await vault.save(stream(b"x" * length))
    assert await opened(vault, saved.id) == b"x" * length


async def test_every_truncation_is_found(vault: Vault) -> None:
    content = os.urandom(3 * BLOCK + 10)
    saved = await vault.save(stream(content))
    path = vault._path(saved.id)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        given, told = await until_damage(vault, saved.id)
        assert told, length
        assert content.startswith(given)
        assert len(given) <= max(0, length - SALT)
    for more in (b"x", bytes(TAG), whole[SALT:]):
        path.write_bytes(whole + more)
        given, told = await until_damage(vault, saved.id)
        assert told
        assert content.startswith(given)


async def test_every_flipped_byte_is_found_and_nothing_of_its_block_is_given(vault: Vault) -> None:
    content = os.urandom(2 * BLOCK + 10)
    saved = await vault.save(stream(content))
    path = vault._path(saved.id)
    whole = path.read_bytes()
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at % 8)
        path.write_bytes(damaged)
        given, told = await until_damage(vault, saved.id)
        block = max(0, at - SALT) // (BLOCK + TAG)
        assert told, at
        assert given == content[: 0 if at < SALT else block * BLOCK]


async def test_a_block_moved_repeated_or_taken_from_another_file_is_found(vault: Vault) -> None:
    content = os.urandom(3 * BLOCK)
    saved, other = await vault.save(stream(content)), await vault.save(stream(content))
    path = vault._path(saved.id)
    whole, foreign = path.read_bytes(), vault._path(other.id).read_bytes()
    step = BLOCK + TAG
    head, blocks = whole[:SALT], [whole[SALT + n * step : SALT + (n + 1) * step] for n in range(3)]
    strange = [foreign[SALT + n * step : SALT + (n + 1) * step] for n in range(3)]
    for mix in (
        [blocks[1], blocks[0], blocks[2]],
        [blocks[0], blocks[0], blocks[2]],
        [blocks[0], blocks[2]],
        [blocks[2]],
        [blocks[0], blocks[1]],
        [strange[0], *blocks[1:]],
        [*blocks[:2], strange[2]],
    ):
        path.write_bytes(head + b"".join(mix))
        assert (await until_damage(vault, saved.id))[1]
    path.write_bytes(foreign)
    assert await until_damage(vault, saved.id) == (b"", True)


async def test_another_key_opens_nothing(vault: Vault) -> None:
    saved = await vault.save(stream(b"secret" * 30))
    assert await until_damage(Vault(vault.folder, b"k" * 32), saved.id) == (b"", True)


async def test_too_large_is_refused_and_leaves_nothing(vault: Vault) -> None:
    assert (await vault.save(stream(b"x" * 300), most=300)).size == 300
    before = on_disk(vault)
    with pytest.raises(TooLarge, match="larger than 300"):
        await vault.save(stream(b"x" * 301), most=300)
    assert on_disk(vault) == before


async def test_an_upload_that_breaks_off_leaves_nothing(vault: Vault) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield b"x" * 200
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await vault.save(broken())
    task = asyncio.create_task(vault.save(_endless()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert on_disk(vault) == []


@pytest.mark.parametrize("turn", [1, 2, 4])
async def test_a_disk_that_fails_meanwhile_is_told_and_nothing_stays(
    vault: Vault, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    turns = 0
    seal = vault_module._Sealing._seal

    def failing(self: vault_module._Sealing, content: bytes, *, last: bool) -> None:
        nonlocal turns
        turns += 1
        if turns == turn:
            raise OSError(5, "Input/output error")
        seal(self, content, last=last)

    monkeypatch.setattr(vault_module._Sealing, "_seal", failing)
    with pytest.raises(OSError, match="Input/output error"):
        await vault.save(stream(b"x" * 7 * BLOCK))
    assert on_disk(vault) == []


async def test_plaintext_is_never_on_disk(vault: Vault) -> None:
    marker = b"MARKER-OF-A-DIAGNOSIS"
    seen: list[bytes] = []

    async def watched() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield marker * 3
            seen.extend(path.read_bytes() for path in vault.folder.parent.rglob("*") if path.is_file())

    saved = await vault.save(watched())
    assert len(seen) >= 20
    assert not any(marker in content for content in [*seen, vault._path(saved.id).read_bytes()])
    assert vault._path(saved.id).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("id", ["", "../../etc/passwd", "a/b", "..", "x" * 36, NOBODYS, NOBODYS.upper(), "é" * 36])
async def test_an_id_that_is_not_ours_is_not_found(vault: Vault, id: str) -> None:
    with pytest.raises(NotFound):
        await opened(vault, id)


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 500
