"""A shelf in an S3 bucket, anybody's. What goes there is sealed already; the keys to the bucket open nothing of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from esante.kernel.config import Offsite
from esante.kernel.errors import Broken

PART_BYTES = 8 * 1024 * 1024


class Bucket:
    """The bucket that `[backup.offsite]` names."""

    def __init__(self, offsite: Offsite) -> None:
        self.where = f"s3://{offsite.bucket}/{offsite.prefix}".rstrip("/")
        self._store = S3Store(
            offsite.bucket,
            prefix=offsite.prefix or None,
            endpoint=offsite.endpoint or None,
            region=offsite.region,
            access_key_id=offsite.access_key or None,
            secret_access_key=_secret(offsite.secret_key_file) if offsite.secret_key_file else None,
            virtual_hosted_style_request=False,
            client_options={"allow_http": offsite.endpoint.startswith("http://"), "timeout": "60s"},
            retry_config={"max_retries": 3},
        )

    def sizes(self, under: str = "") -> dict[str, int]:
        with self._told():
            if not under:
                found = obstore.list_with_delimiter(self._store)["objects"]
            else:
                found = [one for page in obstore.list(self._store, under) for one in page]
        return {str(one["path"]): int(one["size"]) for one in found}

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        with self._told():
            try:
                yield cast(BinaryIO, obstore.open_reader(self._store, key, buffer_size=PART_BYTES))
            except FileNotFoundError:
                raise Broken(f"{self.where}/{key} is missing") from None

    def put(self, key: str, source: BinaryIO) -> None:
        with self._told():
            pieces = iter(lambda: source.read(PART_BYTES), b"")
            obstore.put(self._store, key, pieces, use_multipart=True, chunk_size=PART_BYTES)

    def remove(self, key: str) -> None:
        with self._told():
            obstore.delete(self._store, key)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """The store's own errors as one line that says where."""
        try:
            yield
        except BaseError as error:
            raise Broken(f"{self.where}: {str(error).splitlines()[0]}. See [backup.offsite] in esante.toml") from None


def _secret(file: str) -> str:
    first, _, _ = Path(file).expanduser().read_text(encoding="utf-8", errors="replace").partition("\n")
    if not first.strip():
        raise Broken(f"{file} is empty: the bucket's secret key belongs into its first line")
    return first.strip()
