"""What the checks look at, and what they may say."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import apsw
import msgspec

from esante.cli.opening import operator
from esante.kernel.config import Config
from esante.kernel.keyring import Keyring
from esante.kernel.one_time import OneTimeSecrets
from esante.kernel.settings import ClinicSettings
from esante.kernel.transaction import HouseContext, ReadTx
from esante.kernel.vault import Vault

State = Literal["ok", "warning", "broken", "skipped"]


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what, what to do, and, where it can be done without risk, how this program does it."""

    state: Literal["warning", "broken"]
    what: str
    cure: str
    fix: Callable[[], object] | None = None


class Result(msgspec.Struct, rename="camel"):
    """What one check found. `fixed`: this run has mended it."""

    check: str
    state: State
    what: str | None = None
    cure: str | None = None
    fixable: bool = False
    fixed: bool = False


@dataclass
class Case:
    """A clinic on the table. `keys` and `conn` are there once the checks that open them have passed."""

    folder: Path
    config_file: Path
    now: datetime
    deep: bool
    told: Callable[[str], None]
    config: Config = field(default_factory=Config)
    keys: Keyring | None = None
    conn: apsw.Connection | None = None

    @property
    def opened(self) -> tuple[Keyring, apsw.Connection]:
        """Keys and database; only checks that come after those that open them may ask."""
        assert self.keys is not None
        assert self.conn is not None
        return self.keys, self.conn

    def tx(self) -> ReadTx:
        """A look at the database, as the operator."""
        return ReadTx(
            self.opened[1], operator(), self.now, HouseContext(ClinicSettings(), OneTimeSecrets(bytes(32)), {})
        )

    def vault(self) -> Vault:
        keys = self.opened[0]
        return Vault(self.folder / "files", keys.key("files"), keys.former("files"))


Check = Callable[[Case], Iterator[Finding]]


def broken(what: str, cure: str, fix: Callable[[], object] | None = None) -> Finding:
    """The clinic does not work, or is not safe, until this is mended."""
    return Finding("broken", what, cure, fix)


def warning(what: str, cure: str, fix: Callable[[], object] | None = None) -> Finding:
    """It works, but somebody should see to it."""
    return Finding("warning", what, cure, fix)
