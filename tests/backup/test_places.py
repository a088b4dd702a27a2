"""Copies: a USB disk, a NAS, a bucket."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import obstore
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store

from esante.cli.backup_ways import named_files
from esante.kernel import backup_status
from esante.kernel.backup import drill, opening, shelf
from esante.kernel.backup.bucket import Bucket
from esante.kernel.backup.shelf import Folder
from esante.kernel.config import Offsite
from esante.kernel.errors import Broken
from tests.backup.conftest import Box
from tests.process import run


@pytest.fixture
def usb(box: Box, tmp_path: Path) -> Path:
    path = tmp_path / "usb"
    path.mkdir()
    box.config = msgspec.structs.replace(box.config, copies=[str(path)])
    return path


def test_it_works(box: Box, usb: Path, tmp_path: Path) -> None:
    made = box.back_up()
    assert made.copied_to == [str(usb)]
    assert Folder(usb).sizes() == {key: size for key, size in box.place.sizes().items() if key != "README.md"}
    assert Folder(usb).sizes(shelf.CONTENT) == box.place.sizes(shelf.CONTENT)
    config = ("--config", str(tmp_path / "esante.toml"))
    run(
        "backup",
        "restore",
        "--from",
        str(usb),
        "--data",
        str(tmp_path / "new"),
        "--key-file",
        str(box.key_file),
        *config,
    )


def test_a_second_copy_brings_only_what_is_new(box: Box, usb: Path) -> None:
    box.back_up()
    before = {path: path.stat().st_mtime_ns for path in (usb / "files").rglob("*") if path.is_file()}
    box.back_up()
    assert {path: path.stat().st_mtime_ns for path in (usb / "files").rglob("*") if path.is_file()} == before


def test_a_disk_that_is_not_there_is_said_and_the_backup_stands(box: Box, usb: Path) -> None:
    usb.rmdir()
    made = box.back_up()
    problem = f"not copied: {usb} is not there. Plug the disk in or mount it; esante does not make this folder"
    assert made.problems == [problem]
    assert not usb.exists()
    status = backup_status.read(box.data)
    assert status.last_proven_at
    assert status.last_error == problem


def test_a_file_that_is_damaged_here_is_not_copied(box: Box, usb: Path) -> None:
    box.back_up()
    for path in [path for path in (usb / "files").rglob("*") if path.is_file()]:
        path.unlink()
    victim = next(path for path in (box.place.path / "files").rglob("*") if path.is_file())
    victim.write_bytes(victim.read_bytes()[:-1] + b"?")
    assert "is damaged" in box.fail().error  # the drill finds it before anything is copied
    assert not any(path.is_file() for path in (usb / "files").rglob("*"))


def test_the_command_says_so_by_its_exit_code(box: Box, usb: Path, tmp_path: Path) -> None:
    (tmp_path / "esante.toml").write_text(
        f'[keys]\nfile = "{box.key_file}"\n[backup]\ncopies = ["{usb}", "{tmp_path}/none"]\n'
    )
    done = run(
        "backup", "create", "--data", str(box.data), "--config", str(tmp_path / "esante.toml"), "--json", check=False
    )
    assert done.returncode == 3
    made = json.loads(done.stdout)
    assert made["copiedTo"] == [str(usb)]
    conn = box.open()
    found = conn.execute(
        "SELECT action, severity, reason FROM audit WHERE action GLOB 'backup.*' ORDER BY seq"
    ).fetchall()
    assert [(action, severity) for action, severity, _ in found] == [
        ("backup.done", "info"),
        ("backup.failed", "critical"),
    ]
    assert found[1][2] == made["problems"][0]


def test_retired_audit_lines_are_copied_too_and_stay(box: Box, usb: Path) -> None:
    (box.place.path / "audit").mkdir()
    (box.place.path / "audit" / "audit-1-1000.age").write_bytes(b"sealed")
    box.back_up()
    assert (usb / "audit" / "audit-1-1000.age").read_bytes() == b"sealed"
    box.back_up()
    assert (box.place.path / "audit" / "audit-1-1000.age").exists()


# ------------------------------------------------------------------------ bucket


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def offsite(box: Box, s3: str, tmp_path: Path) -> Offsite:
    name = f"bucket-{abs(hash(tmp_path))}"
    boto3.client(
        "s3", endpoint_url=s3, region_name="us-east-1", aws_access_key_id="id", aws_secret_access_key="secret"
    ).create_bucket(Bucket=name)
    (tmp_path / "secret").write_text("secret\n")
    offsite = Offsite(
        bucket=name, prefix="clinic", endpoint=s3, access_key="id", secret_key_file=str(tmp_path / "secret")
    )
    box.config = msgspec.structs.replace(box.config, offsite=offsite)
    return offsite


def test_a_bucket_holds_all_of_it(box: Box, offsite: Offsite) -> None:
    made = box.back_up()
    assert made.problems == []
    bucket = Bucket(offsite)
    assert made.copied_to == [f"s3://{offsite.bucket}/clinic"] == [bucket.where]
    assert bucket.sizes() == {key: size for key, size in box.place.sizes().items() if key != "README.md"}
    assert bucket.sizes(shelf.CONTENT) == box.place.sizes(shelf.CONTENT)
    assert [one.name for one in shelf.listed(bucket)] == [made.name]
    with bucket.open(f"{made.name}.esante") as source:
        assert source.read() == (box.place.path / f"{made.name}.esante").read_bytes()


def test_a_clinic_comes_back_from_a_bucket_with_the_kit(box: Box, offsite: Offsite, tmp_path: Path) -> None:
    made = box.back_up()
    (tmp_path / "new.toml").write_text(
        f'[keys]\nfile = "{tmp_path}/new-key"\n[backup.offsite]\nbucket = "{offsite.bucket}"\nprefix = "clinic"\n'
        f'endpoint = "{offsite.endpoint}"\naccess_key = "id"\nsecret_key_file = "{offsite.secret_key_file}"\n'
    )
    common = ("--config", str(tmp_path / "new.toml"), "--from", "s3", "--data", str(tmp_path / "new"))
    assert json.loads(run("backup", "list", *common, "--json").stdout)[0]["name"] == made.name
    run("backup", "verify", *common, "--kit", typed=box.kit.identity)
    done = json.loads(run("backup", "restore", *common, "--kit", "--json", typed=box.kit.identity).stdout)
    assert done["files"] == 2
    assert done["keyFile"] == f"{tmp_path}/new-key"


def test_what_is_old_goes_there_too(box: Box, offsite: Offsite) -> None:
    box.config = msgspec.structs.replace(box.config, daily=1, weekly=0, monthly=0)
    box.back_up()
    second = box.back_up()
    assert shelf.names(Bucket(offsite)) == [second.name]


def test_a_changed_byte_in_the_bucket_is_found(box: Box, offsite: Offsite, tmp_path: Path) -> None:
    made = box.back_up()
    store = S3Store(
        offsite.bucket, prefix="clinic", endpoint=offsite.endpoint, region="us-east-1", access_key_id="id",
        secret_access_key="secret", client_options={"allow_http": True},
    )  # fmt: skip
    content = bytearray((box.place.path / f"{made.name}.esante").read_bytes())
    content[123_456] ^= 1
    obstore.put(store, f"{made.name}.esante", bytes(content))
    scratch = tmp_path / "new"
    scratch.mkdir()
    with pytest.raises(Broken, match=r"s3://.* is damaged or cut short"):
        drill.examine(Bucket(offsite), made.name, opening.by_clinic(box.keys), scratch, named_files)


def test_a_bucket_that_is_not_there_is_said_and_the_backup_stands(box: Box, offsite: Offsite) -> None:
    box.config = msgspec.structs.replace(box.config, offsite=msgspec.structs.replace(offsite, bucket="no-such-bucket"))
    made = box.back_up()
    (problem,) = made.problems
    assert problem.startswith("not copied: s3://no-such-bucket/clinic: ")
    assert problem.endswith("See [backup.offsite] in esante.toml")
    assert "secret" not in problem


def test_a_secret_that_is_not_there_is_said_and_the_backup_stands(box: Box, offsite: Offsite, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("")
    assert box.back_up().problems == [
        f"not copied: {tmp_path}/secret is empty: the bucket's secret key belongs into its first line"
    ]
    (tmp_path / "secret").unlink()
    assert box.back_up().problems == [f"not copied: {tmp_path}/secret: No such file or directory"]
