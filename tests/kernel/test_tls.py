"""Certificates: an authority that can sign for this box alone, a leaf that is renewed by itself, files of the operator."""

import os
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from esante.kernel import tls
from esante.kernel.config import Config, Discovery, Server, Tls
from esante.kernel.errors import Broken
from esante.kernel.tls import Certificates

LOCAL = Config(tls=Tls(mode="local"))
TODAY = datetime.now(UTC).replace(microsecond=0)


class Clock:
    def __init__(self) -> None:
        self.at = TODAY

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


def served(context: ssl.SSLContext) -> tuple[int, Callable[[], None]]:
    """A server that says `hi` to whoever gets through the handshake."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(line, server_side=True) as inside:
                    inside.sendall(b"hi")
            except OSError:
                line.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def end() -> None:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)

    return int(listener.getsockname()[1]), end


def greet(port: int, authority: Path, name: str, **options: Any) -> tuple[str, dict[str, Any]]:
    """What a device gets that trusts this authority: the version of TLS, and the leaf."""
    context = ssl.create_default_context(cafile=str(authority))
    for key, value in options.items():
        setattr(context, key, value)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as line,
        context.wrap_socket(line, server_hostname=name) as inside,
    ):
        assert inside.recv(2) == b"hi"
        return str(inside.version()), dict(inside.getpeercert() or {})


@pytest.fixture
def running(tmp_path: Path, clock: Clock) -> Iterator[tuple[Certificates, int, Path]]:
    certificates = Certificates(tmp_path, LOCAL, now=clock)
    port, end = served(certificates.context)
    yield certificates, port, tmp_path / "tls" / "ca.crt"
    end()


@pytest.mark.parametrize("name", ["esante.local", "localhost", "127.0.0.1"])
def test_it_works(running: tuple[Certificates, int, Path], name: str) -> None:
    certificates, port, authority = running
    version, leaf = greet(port, authority, name)
    assert version == "TLSv1.3"
    assert ("DNS", "esante.local") in leaf["subjectAltName"]
    assert certificates.status.authority_fingerprint == tls.fingerprint(tls.read_certificate(authority))


def test_a_wrong_name_and_an_unknown_authority_are_refused(running: tuple[Certificates, int, Path]) -> None:
    _, port, authority = running
    with pytest.raises(ssl.SSLCertVerificationError, match=r"Hostname mismatch|not valid for"):
        greet(port, authority, "another.local")
    with pytest.raises(ssl.SSLCertVerificationError):
        greet(port, Path(ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt"), "esante.local")


def test_twelve_is_the_oldest_tls(running: tuple[Certificates, int, Path]) -> None:
    _, port, authority = running
    assert greet(port, authority, "esante.local", maximum_version=ssl.TLSVersion.TLSv1_2)[0] == "TLSv1.2"
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(str(authority))
    with pytest.warns(DeprecationWarning, match="deprecated"):
        old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line, pytest.raises(ssl.SSLError):
        old.wrap_socket(line, server_hostname="esante.local")


@pytest.mark.parametrize(
    ("names", "ips", "asked"),
    [(["www.example.com"], [], "www.example.com"), (["esante.local"], ["8.8.8.8"], "esante.local"),
     (["evil.lan"], [], "evil.lan")],
)  # fmt: skip
def test_whoever_steals_the_authority_speaks_for_no_other_site(
    tmp_path: Path, names: list[str], ips: list[str], asked: str
) -> None:
    folder = tmp_path / "tls"
    authority = tls.make_authority(folder, ["esante.local", "localhost"], TODAY)
    tls._make_leaf(folder, authority, names, [ip_address(ip) for ip in ips], TODAY)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "leaf.crt", folder / "leaf.key")
    port, end = served(context)
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        greet(port, folder / "ca.crt", asked)
    end()


def test_its_marks_are_critical_and_its_life_is_bounded(tmp_path: Path, clock: Clock) -> None:
    Certificates(tmp_path, LOCAL, now=clock)
    authority, leaf = (tls.read_certificate(tmp_path / "tls" / name) for name in ("ca.crt", "leaf.crt"))
    for kind in (x509.NameConstraints, x509.BasicConstraints, x509.KeyUsage):
        assert authority.extensions.get_extension_for_class(kind).critical
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=398)
    assert leaf.not_valid_before_utc < TODAY
    leaf.verify_directly_issued_by(authority)


def test_keys_are_for_their_owner_only(tmp_path: Path, clock: Clock) -> None:
    Certificates(tmp_path, LOCAL, now=clock)
    folder = tmp_path / "tls"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {
        "ca.key": 0o600,
        "leaf.key": 0o600,
    }


def test_the_leaf_is_renewed_at_two_thirds_on_the_live_context(
    running: tuple[Certificates, int, Path], clock: Clock
) -> None:
    certificates, port, authority = running
    before = greet(port, authority, "esante.local")[1]["serialNumber"]
    clock.at += timedelta(days=260)
    assert certificates.refresh() is False
    clock.at += timedelta(days=10)
    trusted = authority.read_bytes()
    assert certificates.refresh() is True
    assert certificates.status.valid_until > clock.at + timedelta(days=390)
    assert authority.read_bytes() == trusted, "the authority stays"
    leaf = tls.read_certificate(authority.with_name("leaf.crt"))
    assert f"{leaf.serial_number:X}" != before.lstrip("0")
    with pytest.raises(ssl.SSLCertVerificationError, match="not yet valid"):  # devices are 270 days behind
        greet(port, authority, "esante.local")


def test_a_leaf_that_ran_out_while_the_box_was_off_is_made_anew(tmp_path: Path, clock: Clock) -> None:
    first = Certificates(tmp_path, LOCAL, now=clock).status.valid_until
    clock.at += timedelta(days=500)
    assert Certificates(tmp_path, LOCAL, now=clock).status.valid_until > first


def test_an_expired_certificate_is_refused_by_devices(tmp_path: Path, clock: Clock) -> None:
    clock.at = TODAY - timedelta(days=600)
    certificates = Certificates(tmp_path, LOCAL, now=clock)
    port, end = served(certificates.context)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        greet(port, tmp_path / "tls" / "ca.crt", "esante.local")
    clock.at = TODAY
    assert certificates.refresh()
    greet(port, tmp_path / "tls" / "ca.crt", "esante.local")
    end()


def test_the_leaf_follows_the_addresses_of_the_box(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls, "addresses", lambda: [*tls.LOCAL, ip_address("192.168.1.10")])
    certificates = Certificates(tmp_path, LOCAL, now=clock)
    assert "192.168.1.10" in certificates.status.names
    assert certificates.refresh() is False
    monkeypatch.setattr(tls, "addresses", lambda: [*tls.LOCAL, ip_address("192.168.1.77")])
    assert certificates.refresh() is True
    assert "192.168.1.77" in certificates.status.names
    monkeypatch.setattr(tls, "addresses", lambda: list(tls.LOCAL))
    assert certificates.refresh() is False, "an address that is gone harms nobody"


def test_only_private_addresses_count() -> None:
    private = [
        ip for ip in ("10.1.2.3", "192.168.0.1", "172.20.0.1", "fd00::2", "127.0.0.1") if tls.is_private(ip_address(ip))
    ]
    public = [
        ip
        for ip in ("8.8.8.8", "172.32.0.1", "2001:db8::1", "fe80::1", "169.254.3.4")
        if tls.is_private(ip_address(ip))
    ]
    assert (len(private), public) == (5, [])
    assert set(tls.LOCAL) <= set(tls.addresses())


def test_a_machine_with_another_name_goes_on(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "gethostname", lambda: "reception")
    assert "reception.local" in Certificates(tmp_path, LOCAL, now=clock).status.names
    monkeypatch.setattr(tls, "gethostname", lambda: "Büro_1")
    assert Certificates(tmp_path, LOCAL, now=clock).status.names
    monkeypatch.setattr(tls, "gethostname", lambda: "desk")
    assert "desk" not in Certificates(tmp_path, LOCAL, now=clock).status.names


def test_names_beyond_the_authority_are_said_with_the_way_out(tmp_path: Path, clock: Clock) -> None:
    Certificates(tmp_path, LOCAL, now=clock)
    more = Config(tls=Tls(mode="local", names=["clinic.example"]))
    with pytest.raises(Broken, match=r"may not sign for clinic\.example.*new-authority"):
        Certificates(tmp_path, more, now=clock)
    shutil.rmtree(tmp_path / "tls")
    assert "clinic.example" in Certificates(tmp_path, more, now=clock).status.names


@pytest.mark.parametrize("lost", [["leaf.crt"], ["leaf.key"], ["leaf.crt", "leaf.key"], ["ca.crt", "leaf.crt"]])
def test_what_a_death_left_half_done_is_done_at_the_next_start(tmp_path: Path, clock: Clock, lost: list[str]) -> None:
    Certificates(tmp_path, LOCAL, now=clock)
    for name in lost:
        (tmp_path / "tls" / name).unlink()
    port, end = served(Certificates(tmp_path, LOCAL, now=clock).context)
    greet(port, tmp_path / "tls" / "ca.crt", "esante.local")
    end()


@pytest.mark.parametrize("content", [None, b"", b"nonsense", "another"])
def test_an_authority_whose_key_is_gone_is_said_and_serves_on(tmp_path: Path, clock: Clock, content: Any) -> None:
    certificates, key = Certificates(tmp_path, LOCAL, now=clock), tmp_path / "tls" / "ca.key"
    if content == "another":
        tls.make_authority(tmp_path / "other", ["esante.local"], TODAY)
        content = (tmp_path / "other" / "ca.key").read_bytes()
    key.unlink()
    if content is not None:
        key.write_bytes(content)
    clock.at += timedelta(days=300)
    assert certificates.refresh() is False
    assert "new-authority" in (certificates.status.problem or "")
    (tmp_path / "tls" / "leaf.crt").unlink()
    with pytest.raises(Broken, match=r"ca\.key"):
        Certificates(tmp_path, LOCAL, now=clock)


# ------------------------------------------------------------------------------------ the operator's


@pytest.fixture
def own(tmp_path: Path) -> Config:
    """Files of the operator, as another authority signed them."""
    shop(tmp_path / "shop", "one.example")
    return Config(tls=Tls(mode="own", certificate=str(tmp_path / "shop/leaf.crt"), key=str(tmp_path / "shop/leaf.key")))


def shop(folder: Path, name: str) -> None:
    authority = tls.make_authority(folder, [name], TODAY)
    tls._make_leaf(folder, authority, [name], [], TODAY)


def test_the_operators_files_are_used_and_read_anew_when_they_change(tmp_path: Path, own: Config, clock: Clock) -> None:
    certificates = Certificates(tmp_path, own, now=clock)
    port, end = served(certificates.context)
    greet(port, tmp_path / "shop" / "ca.crt", "one.example")
    assert (certificates.authority, certificates.status.authority_fingerprint) == (None, None)
    assert not (tmp_path / "tls").exists()
    assert certificates.refresh() is False
    shop(tmp_path / "shop", "two.example")
    assert certificates.refresh() is True
    greet(port, tmp_path / "shop" / "ca.crt", "two.example")
    end()


def test_files_that_do_not_fit_leave_the_old_ones_in_use(tmp_path: Path, own: Config, clock: Clock) -> None:
    certificates = Certificates(tmp_path, own, now=clock)
    port, end = served(certificates.context)
    trusted = tmp_path / "trusted.crt"
    shutil.copy(tmp_path / "shop" / "ca.crt", trusted)
    key = (tmp_path / "shop" / "leaf.key").read_bytes()
    shop(tmp_path / "shop", "two.example")
    (tmp_path / "shop" / "leaf.key").write_bytes(key)
    assert certificates.refresh() is False
    assert "cannot be used" in (certificates.status.problem or "")
    greet(port, trusted, "one.example")
    os.unlink(tmp_path / "shop" / "leaf.crt")
    assert certificates.refresh() is False
    shop(tmp_path / "shop", "three.example")
    assert certificates.refresh() is True
    assert certificates.status.problem is None
    end()


@pytest.mark.parametrize("wrong", ["certificate", "key"])
def test_a_start_without_the_files_says_which(tmp_path: Path, own: Config, clock: Clock, wrong: str) -> None:
    os.unlink(getattr(own.tls, wrong))
    with pytest.raises(Broken, match=str(getattr(own.tls, wrong))):
        Certificates(tmp_path, own, now=clock)


# ------------------------------------------------------------------------------------ the choice


@pytest.mark.parametrize(
    ("host", "mode", "is_now", "address"),
    [
        ("127.0.0.1", "auto", "off", "http://127.0.0.1:8420"),
        ("0.0.0.0", "auto", "local", "https://esante.local:8420"),
        ("192.168.1.5", "auto", "local", "https://esante.local:8420"),
        ("0.0.0.0", "off", "off", "http://esante.local:8420"),
        ("127.0.0.1", "local", "local", "https://127.0.0.1:8420"),
        ("::1", "auto", "off", "http://[::1]:8420"),
    ],
)
def test_beyond_this_machine_nothing_goes_in_the_clear_by_itself(
    host: str, mode: Any, is_now: str, address: str
) -> None:
    config = Config(server=Server(host=host), tls=Tls(mode=mode))
    assert (config.tls_mode, config.link_base) == (is_now, address)


def test_the_usual_port_is_not_written() -> None:
    config = Config(server=Server(host="0.0.0.0", port=443), discovery=Discovery(name="praxis"))
    assert config.link_base == "https://praxis.local"
