"""The certificates that connections are encrypted with: the clinic's own authority and leaf, or files of the operator.

The authority is made at the first start and may sign for the box's names and for private addresses only: whoever steals it
cannot speak for any site of the internet. The leaf is renewed by itself after two thirds of its life, and when the box's
addresses change, on the context that is in use: nobody is cut off. The authority is never replaced by itself, for then no
device would trust the clinic any more. Certificates that run out soon are told of by the health view.
"""

import re
import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from socket import gethostname

import ifaddr
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from esante.kernel import clock, files
from esante.kernel.config import Config
from esante.kernel.errors import Broken
from esante.kernel.structs import Kept

log = structlog.get_logger(__name__)

Address = IPv4Address | IPv6Address

FOLDER = "tls"
AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)
"""Browsers take no leaf of more than 398 days."""
EARLIER = timedelta(days=1)
"""Devices whose clocks are behind must not find a certificate from the future."""
RENEW_AFTER = 2 / 3
PRIVATE: tuple[IPv4Network | IPv6Network, ...] = tuple(
    ip_network(net)
    for net in (
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10", "::1/128",
    )
)  # fmt: skip
LOCAL: tuple[Address, ...] = (ip_address("127.0.0.1"), ip_address("::1"))
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all good."""


class CertificateStatus(Kept):
    """What connections are encrypted with. `authority…` is null with a certificate of the operator."""

    mode: str
    names: list[str]
    valid_from: datetime
    valid_until: datetime
    authority_fingerprint: str | None
    authority_valid_until: datetime | None
    problem: str | None


class Certificates:
    """Those in use; `context` is the live one. `refresh` may be called by any one thread at a time."""

    def __init__(self, folder: Path, config: Config, *, now: clock.Clock = clock.now) -> None:
        """Make what is missing and load it. `Broken` when that cannot be, or the operator's files do not fit together."""
        self._folder, self._config, self._now = folder / FOLDER, config, now
        self._loaded: object = None
        self.authority: x509.Certificate | None = None
        """The clinic's own; None with a certificate of the operator."""
        self._problem: str | None = None
        self.context = _context()
        self._load()

    @property
    def status(self) -> CertificateStatus:
        authority = self.authority
        return CertificateStatus(
            mode=self._config.tls_mode,
            names=_names_in(self._leaf),
            valid_from=self._leaf.not_valid_before_utc,
            valid_until=self._leaf.not_valid_after_utc,
            authority_fingerprint=fingerprint(authority) if authority else None,
            authority_valid_until=authority.not_valid_after_utc if authority else None,
            problem=self._problem,
        )

    def refresh(self) -> bool:
        """Renew the leaf when it is time, read the operator's files when they have changed; True when another is in use.

        What does not fit is told of and the certificate in use stays.
        """
        try:
            return self._load()
        except (Broken, OSError) as error:
            if str(error) != self._problem:
                log.error("certificate_not_renewed", why=str(error))
            self._problem = str(error)
            return False

    def _load(self) -> bool:
        if self._config.tls_mode == "own":
            chain, key = (Path(path).expanduser() for path in (self._config.tls.certificate, self._config.tls.key))
        else:
            files.make_folder(self._folder)
            with files.locked(self._folder / "lock", "esante", wait=True):  # the command line may be at it too
                ensure_leaf(self._folder, wanted_names(self._config), addresses(), self._now())
            self.authority = read_certificate(self._folder / "ca.crt")
            chain, key = self._folder / "leaf.crt", self._folder / "leaf.key"
        seen = [(path, _stamp(path)) for path in (chain, key)]
        self._problem = None
        if seen == self._loaded:
            return False
        leaf = read_certificate(chain)
        try:
            _context().load_cert_chain(chain, key)  # first beside: a pair that does not fit would spoil the live one
            self.context.load_cert_chain(chain, key)
        except (ssl.SSLError, OSError) as error:
            raise Broken(f"{chain} and {key} cannot be used as certificate and key: {error}") from None
        self._leaf, self._loaded = leaf, seen
        log.info("certificate_loaded", valid_until=leaf.not_valid_after_utc.isoformat())
        return True


def chain_of(folder: Path, config: Config) -> Path:
    """The file with the certificate that connections are encrypted with, of the clinic in `folder`."""
    return Path(config.tls.certificate).expanduser() if config.tls_mode == "own" else folder / FOLDER / "leaf.crt"


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(["http/1.1"])
    return context


def wanted_names(config: Config) -> list[str]:
    """By which names the box is asked for: those of the configuration."""
    return list(dict.fromkeys([f"{config.discovery.name}.local", "localhost", *config.tls.names]))


def host_names() -> list[str]:
    """By which names it may be asked for beside them: the machine's own, if a certificate can hold it."""
    host = gethostname().partition(".")[0].lower()
    return [host, f"{host}.local"] if re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", host) else []


def addresses() -> list[Address]:
    """The box's private addresses, this machine's own among them."""
    ips = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    found = {ip_address(ip if isinstance(ip, str) else ip[0]) for ip in ips}
    return [*LOCAL, *sorted((one for one in found if is_private(one) and not one.is_loopback), key=str)]


def is_private(address: Address) -> bool:
    """Of a building's network. Link-local addresses come and go, and nobody types them."""
    return not address.is_link_local and any(address in net for net in PRIVATE if net.version == address.version)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256, as devices show it."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def ensure_leaf(folder: Path, names: list[str], ips: list[Address], now: datetime) -> None:
    """A leaf that is valid, young enough, and good for these names and addresses; made now if there is none.

    Names that the authority may not sign for are `Broken`: it says how another authority is made.
    """
    if not (folder / "ca.crt").exists():
        make_authority(folder, [*names, *host_names()], now)
    authority = read_certificate(folder / "ca.crt")
    if alien := [name for name in names if not _may_sign(authority, name)]:
        raise Broken(
            f"The clinic's certificate authority may not sign for {', '.join(alien)}. With another authority (all devices must"
            " learn to trust it) it could: esante tls new-authority"
        )
    names = [*names, *(name for name in host_names() if _may_sign(authority, name) and name not in names)]
    wanted = {*names, *map(str, ips)}
    if (folder / "leaf.crt").exists() and (folder / "leaf.key").exists():
        leaf = read_certificate(folder / "leaf.crt")
        begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
        is_young = begin <= now < begin + (end - begin) * RENEW_AFTER
        if is_young and wanted <= set(_names_in(leaf)) and leaf.issuer == authority.subject:
            return
    _make_leaf(folder, authority, names, ips, now)


def make_authority(folder: Path, names: Iterable[str], now: datetime) -> x509.Certificate:
    """A new authority that may sign for these names and for private addresses, and nothing else. The leaf goes."""
    files.make_folder(folder)
    key, name = generate_private_key(SECP256R1()), _common_name(f"esante {gethostname()} {now:%Y-%m-%d}")
    permitted = [*map(x509.DNSName, names), *map(x509.IPAddress, PRIVATE)]
    made = (
        _begin(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    for old in ("leaf.crt", "leaf.key", "ca.crt"):
        (folder / old).unlink(missing_ok=True)
    files.write_whole(folder / "ca.key", _private(key))
    files.write_whole(folder / "ca.crt", made.public_bytes(Encoding.PEM))
    log.warning("authority_made", fingerprint=fingerprint(made))
    return made


def _make_leaf(folder: Path, authority: x509.Certificate, names: list[str], ips: list[Address], now: datetime) -> None:
    """Key first: a certificate without its key would never be asked for again."""
    try:
        signer = load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    except (OSError, ValueError):
        signer = None
    if not isinstance(signer, EllipticCurvePrivateKey) or signer.public_key() != authority.public_key():
        raise Broken(
            f"{folder / 'ca.key'} is not the key of the clinic's certificate authority. Bring it back, or make another"
            " authority, which all devices must learn to trust: esante tls new-authority"
        )
    key = generate_private_key(SECP256R1())
    subjects = [*map(x509.DNSName, names), *map(x509.IPAddress, ips)]
    life = min(LEAF_LIFE, authority.not_valid_after_utc - now + EARLIER)
    made = (
        _begin(_common_name(names[0]), authority.subject, key, now, life)
        .add_extension(x509.SubjectAlternativeName(subjects), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    (folder / "leaf.crt").unlink(missing_ok=True)
    files.write_whole(folder / "leaf.key", _private(key))
    files.write_whole(folder / "leaf.crt", made.public_bytes(Encoding.PEM))


def _begin(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now - EARLIER + life)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=signs_certificates, crl_sign=signs_certificates,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Broken(f"{path} cannot be read as a certificate: {error}") from None


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError as error:
        raise Broken(f"{path}: {error.strerror}") from None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _names_in(leaf: x509.Certificate) -> list[str]:
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def _may_sign(authority: x509.Certificate, name: str) -> bool:
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    roots = [one.value for one in permitted if isinstance(one, x509.DNSName)]
    return any(name == root or name.endswith(f".{root}") for root in roots)
