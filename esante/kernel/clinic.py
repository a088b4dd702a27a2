"""What a job outside the database, a live reaction or a route may reach."""

from dataclasses import dataclass

from esante.kernel.clock_guard import ClockGuard
from esante.kernel.config import Config
from esante.kernel.database import Database
from esante.kernel.disk import DiskGuard
from esante.kernel.hub import Hub
from esante.kernel.keyring import Keyring
from esante.kernel.passwords import Passwords
from esante.kernel.tls import Certificates
from esante.kernel.vault import Vault


@dataclass(frozen=True)
class Clinic:
    """The parts of a running clinic."""

    config: Config
    db: Database
    keys: Keyring
    vault: Vault
    hub: Hub
    passwords: Passwords
    clock: ClockGuard
    disk: DiskGuard
    certificates: Certificates | None = None
