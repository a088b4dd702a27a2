"""`esante.toml`: the box. Frozen structs with defaults; an unknown key is an error that names the nearest known one.

What belongs to the clinic (hours, limits, languages) is not here but in the database, as settings.
"""

import difflib
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from esante.kernel.errors import Broken

LOOPBACK = ("127.0.0.1", "::1", "localhost")
Share = Annotated[float, Meta(ge=0, le=100)]
Port = Annotated[int, Meta(ge=0, le=65535)]


class Server(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[server]`: where the clinic listens."""

    host: str = "127.0.0.1"
    port: Port = 8420
    allowed_origins: list[Annotated[str, Meta(pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(?![\s\S])")]] = []
    """Other sites whose pages may call the API with an access token (CORS), each as `https://app.example.org`."""


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[tls]`: how connections are encrypted."""

    mode: Literal["auto", "off", "local", "own"] = "auto"
    """`local`: by certificates that the clinic makes; `own`: by the files below; `auto`: local beyond this machine, else off."""
    certificate: str = ""
    """PEM, with the chain; it is read anew when the file changes."""
    key: str = ""
    names: list[Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(?![\s\S])", max_length=200)]] = []
    """More names that the clinic's own certificate is for; the authority is bound to those of the first start."""


class Discovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[discovery]`: how the clinic is found in the building."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(?![\s\S])", max_length=60)] = "esante"
    """Announced as `<name>.local` (mDNS)."""
    announce: Literal["auto", "on", "off"] = "auto"
    """`auto`: when the clinic listens beyond this machine."""
    page_port: Port = 80
    """A plain page that explains the certificate and hands it out, where the clinic makes its own; 0: no page."""


class Keys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[keys]`: where the key file lies. Outside the data folder: beside the database it would protect nothing."""

    file: str = "~/.config/esante/key"


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[mail]`: the SMTP server. Without a host every mail is kept as failed, with that reason."""

    host: str = ""
    port: Port = 587
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password_file: str = ""
    """A file with the password in its first line; a password is never written into `esante.toml`."""
    sender: str = ""
    """The address that mails come from."""
    timeout_seconds: Annotated[int, Meta(ge=1, le=300)] = 30


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[limits]`: what one client, and all of them together, may take."""

    header_seconds: Annotated[float, Meta(gt=0)] = 10.0
    body_stall_seconds: Annotated[float, Meta(gt=0)] = 15.0
    header_bytes: Annotated[int, Meta(ge=1024)] = 32_768
    body_bytes: Annotated[int, Meta(ge=1024)] = 1_048_576
    """Of one request. Uploads have limits of their own, and what is open to everybody a smaller one."""
    connections_per_address: Annotated[int, Meta(ge=1)] = 64
    write_queue: Annotated[int, Meta(ge=1)] = 2_000
    requests_per_account: Annotated[int, Meta(ge=1)] = 600
    """In 15 minutes, as the next four are."""
    requests_per_address: Annotated[int, Meta(ge=1)] = 100
    """Of those who are not signed in."""
    tries_per_account: Annotated[int, Meta(ge=1)] = 5
    """Wrong passwords, codes and PINs, from one known device or from all strangers together."""
    tries_per_address: Annotated[int, Meta(ge=1)] = 20
    forms_per_address: Annotated[int, Meta(ge=1)] = 30
    """Forms filled in by people who are not signed in: routes with the pace "form"."""
    uploads_per_account: Annotated[int, Meta(ge=1)] = 60
    """In one hour, and beside the limit of requests."""
    disk_warn_percent: Share = 10.0
    """So much of the data folder's disk free or less, and admins are warned."""
    disk_uploads_percent: Share = 5.0
    """From here on no files are taken."""
    disk_writes_percent: Share = 2.0
    """From here on nothing is saved but audit lines and sessions, on the room of the ballast."""
    ballast_bytes: Annotated[int, Meta(ge=0)] = 33_554_432
    """Kept free for that time, and a hundredth of the disk at most."""


class Log(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[log]`: structured lines on standard error and, with `file`, as JSON in a file of the server."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"
    """On standard error."""
    file: str = ""
    """The file is begun anew when it has `file_bytes`; so many `files` are kept, the oldest goes."""
    file_bytes: Annotated[int, Meta(ge=10_000)] = 10_000_000
    files: Annotated[int, Meta(ge=2, le=100)] = 5
    requests: bool = False
    """A line for each request: route, status, milliseconds."""


class Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[metrics]`: who may read `/metrics` beside admins and this machine."""

    token_file: str = ""
    """A file with a bearer token in its first line, for a Prometheus on another machine."""


class Offsite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backup.offsite]`: a bucket of any S3 service. Without `bucket` there is none."""

    bucket: str = ""
    prefix: str = ""
    endpoint: str = ""
    """Its address, as `https://s3.example.org`; empty: Amazon's own, of the region."""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key_file: str = ""
    """A file with the secret key in its first line; it is never written into `esante.toml`."""


class Backup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[backup]`: when, where to, and how long backups are kept."""

    nightly: bool = True
    at: Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d(?![\s\S])")] = "02:30"
    """A wall time of the clinic's zone; where the box was off, as soon as it is on."""
    folder: str = ""
    """Empty: `backups` beside the data folder."""
    copies: list[str] = []
    """Folders that each backup is copied to, on a USB disk or a NAS; they must be there, esante does not make them."""
    daily: Annotated[int, Meta(ge=1, le=366)] = 7
    weekly: Annotated[int, Meta(ge=0, le=530)] = 4
    monthly: Annotated[int, Meta(ge=0, le=600)] = 12
    """Of so many days, weeks and months the newest backup is kept, in every place."""
    offsite: Offsite = msgspec.field(default_factory=Offsite)

    def folder_for(self, data: Path) -> Path:
        """Where the backups of the clinic in `data` lie."""
        return Path(self.folder).expanduser() if self.folder else data.resolve().parent / "backups"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. Every table and every key is optional."""

    server: Server = msgspec.field(default_factory=Server)
    keys: Keys = msgspec.field(default_factory=Keys)
    mail: Mail = msgspec.field(default_factory=Mail)
    limits: Limits = msgspec.field(default_factory=Limits)
    log: Log = msgspec.field(default_factory=Log)
    metrics: Metrics = msgspec.field(default_factory=Metrics)
    backup: Backup = msgspec.field(default_factory=Backup)
    tls: Tls = msgspec.field(default_factory=Tls)
    discovery: Discovery = msgspec.field(default_factory=Discovery)
    public_address: str = ""
    """The address that links in mails begin with, as people type it; default: the address that the server listens on."""

    @property
    def link_base(self) -> str:
        return self.public_address.rstrip("/") or self.address_at(self.server.port)

    @property
    def is_on_network(self) -> bool:
        """Does it listen beyond this machine?"""
        return self.server.host not in LOOPBACK

    @property
    def tls_mode(self) -> Literal["off", "local", "own"]:
        """What `auto` means here: beyond this machine nothing goes in the clear unless somebody says so."""
        if self.tls.mode == "auto":
            return "local" if self.is_on_network else "off"
        return self.tls.mode

    def address_at(self, port: int) -> str:
        """As people type it: by its name in the building, by its host on this machine."""
        name = f"{self.discovery.name}.local" if self.is_on_network else self.server.host
        scheme, usual = ("http", 80) if self.tls_mode == "off" else ("https", 443)
        host = f"[{name}]" if ":" in name else name
        return f"{scheme}://{host}" if port == usual else f"{scheme}://{host}:{port}"


def load(path: Path | None) -> Config:
    """Read the file; `Broken` names the file, the key and the nearest known one. No file means all defaults."""
    if path is None or not path.exists():
        return Config()
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Broken(f"{path} is not valid TOML: {error}") from None
    _refuse_unknown(path, table, Config, "")
    try:
        return msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise Broken(f"{path}: {error}") from None


def _refuse_unknown(path: Path, table: dict[str, Any], kind: type[msgspec.Struct], prefix: str) -> None:
    hints = get_type_hints(kind)
    for key, value in table.items():
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            hint = f" Did you mean '{prefix}{near[0]}'?" if near else f" Known are: {', '.join(sorted(hints))}."
            raise Broken(f"{path}: there is no setting '{prefix}{key}'.{hint}")
        inner = hints[key]
        if isinstance(value, dict) and isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _refuse_unknown(path, value, inner, f"{prefix}{key}.")
