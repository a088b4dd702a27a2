"""A furnished clinic with a recovery kit, two sealed files that rows name, and a shelf beside it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import apsw
import pytest

from esante.cli.backup_ways import named_files
from esante.demo import Furnished
from esante.kernel import clock, files, keyring, slots
from esante.kernel.backup import archive, nightly, opening, shelf
from esante.kernel.backup.manifest import Manifest
from esante.kernel.backup.nightly import Failed, Made
from esante.kernel.backup.shelf import Folder
from esante.kernel.config import Backup
from esante.kernel.connection import DATABASE, open_database
from esante.kernel.keyring import Keyring
from esante.kernel.slots import Kit
from esante.kernel.vault import Vault

PICTURE = b"not really a picture " * 20_000


@dataclass
class Box:
    """The clinic, as a backup process sees it."""

    data: Path
    keys: Keyring
    kit: Kit
    config: Backup

    @property
    def place(self) -> Folder:
        return Folder(self.config.folder_for(self.data))

    @property
    def key_file(self) -> Path:
        return self.data.parent / "key"

    def back_up(self, days_ago: int = 0) -> Made:
        made = nightly.run(
            self.data, self.keys, self.config, named_files, lambda: clock.now() - timedelta(days=days_ago)
        )
        assert isinstance(made, Made), made
        return made

    def fail(self) -> Failed:
        failed = nightly.run(self.data, self.keys, self.config, named_files, clock.now)
        assert isinstance(failed, Failed), failed
        return failed

    def manifest(self, name: str) -> Manifest:
        with self.place.open(name + shelf.ARCHIVE) as sealed:
            return archive.manifest_of(sealed, opening.by_clinic(self.keys).identities, name)[0]

    def tamper(self, sql: str, *args: object) -> None:
        conn = self.open()
        conn.execute(sql, args)
        conn.close()

    def open(self, folder: Path | None = None) -> apsw.Connection:
        return open_database((folder or self.data) / DATABASE, self.keys.key("database"), "maintenance")

    def save(self, content: bytes = PICTURE) -> str:
        """Seal a file; its id. No row names it yet."""
        sealed = asyncio.run(Vault(self.data / "files", self.keys.key("files")).save(_once(content)))
        return sealed.id

    def unseal(self, data: Path, file_id: str) -> bytes:
        async def read() -> bytes:
            return b"".join([block async for block in Vault(data / "files", self.keys.key("files")).open(file_id)])

        return asyncio.run(read())


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture(scope="session")
def furnished_box(furnished: tuple[Path, Furnished], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Kit]:
    folder = tmp_path_factory.mktemp("box")
    shutil.copytree(furnished[0], folder / "data")
    (folder / "data" / "demo-key").rename(folder / "key")
    keys = keyring.unlock(folder / "data", folder / "key")
    kit = slots.new_kit()
    keys = keyring.add_slot(folder / "data", keys, slots.kit_slot(keys.encryption_key, kit.recipient, clock.now()))
    files.make_folder(folder / "backups")
    box = Box(folder / "data", keys, kit, Backup())
    box.tamper("UPDATE patient SET photo_id = ?1 WHERE id = (SELECT min(id) FROM patient)", box.save())
    box.tamper("UPDATE patient SET photo_id = ?1 WHERE id = (SELECT max(id) FROM patient)", box.save(b"small"))
    (folder / "esante.toml").write_text(f'[keys]\nfile = "{folder}/key"\n')
    return folder, kit


@pytest.fixture
def box(furnished_box: tuple[Path, Kit], tmp_path: Path) -> Box:
    """A copy for this test."""
    folder, kit = furnished_box
    for name in ("data", "backups"):
        shutil.copytree(folder / name, tmp_path / name)
    shutil.copy(folder / "key", tmp_path / "key")
    (tmp_path / "esante.toml").write_text(f'[keys]\nfile = "{tmp_path}/key"\n')
    return Box(tmp_path / "data", keyring.unlock(tmp_path / "data", tmp_path / "key"), kit, Backup())
