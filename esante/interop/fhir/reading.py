"""Files as others write them, resource by resource: bundles of any type, bare resources, bulk NDJSON.

NDJSON is read line by line and never held whole. A broken file, line or entry is given as one that says why.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from esante.interop.fhir import names
from esante.interop.fhir.values import Resource, text

SUFFIXES = (".json", ".ndjson")
MOST_BYTES = 60 * 1024 * 1024
"""A larger resource does not fit a row."""
RESPONSE = "Bundle.entry"
"""The type under which an entry without a resource (a request or a response) is kept raw."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One resource as it was found, or why it could not be read (`broken`)."""

    file: str
    place: str
    broken: str | None = None
    type: str = ""
    resource: Resource = {}
    raw: str = ""
    key: str = ""
    digest: bytes = b""
    base: str = ""
    full_url: str | None = None
    in_bundle: Mapping[str, str] = {}
    """From each `fullUrl` of its bundle to the key of what is there."""


def folded(entry: Entry) -> Entry:
    """Small, to be kept in memory: the text without what was read from it."""
    return msgspec.structs.replace(entry, resource={})


def unfolded(entry: Entry) -> Entry:
    """As it was before `folded`."""
    return msgspec.structs.replace(entry, resource=_resource.decode(entry.raw))


class _Head(msgspec.Struct):
    resourceType: Any = None
    entry: list[msgspec.Raw] | None = None


class _BundleEntry(msgspec.Struct):
    fullUrl: Any = None
    resource: msgspec.Raw = msgspec.Raw(b"")


_head = msgspec.json.Decoder(_Head)
_bundle_entry = msgspec.json.Decoder(_BundleEntry)
_resource = msgspec.json.Decoder()


def find_files(paths: list[Path]) -> list[Path]:
    """The given files, and every .json and .ndjson below the given folders, in the order of their names."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(each for each in path.rglob("*") if each.suffix.lower() in SUFFIXES and each.is_file())
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def read_entries(path: Path, source: str = "") -> Iterator[Entry]:
    """Every resource of a file, in its order; `source` is the system of those that do not name theirs."""
    name = str(path)
    try:
        if path.suffix.lower() == ".ndjson" or _is_ndjson(path):
            with path.open("rb") as lines:
                for at, line in enumerate(lines, 1):
                    if line.strip(b" \t\r\n\xef\xbb\xbf"):
                        yield from _document(name, f"line {at}", line, source)
        else:
            yield from _document(name, "whole file", path.read_bytes(), source)
    except OSError as error:
        yield Entry(file=name, place="whole file", broken=f"The file cannot be read: {error.strerror}")


def _is_ndjson(path: Path) -> bool:
    """Some exports call it .json: a whole resource on the first line, and something on the next."""
    with path.open("rb") as lines:
        first, second = lines.readline(), lines.readline()
    if not second.strip():
        return False
    try:
        return _head.decode(first.removeprefix(b"\xef\xbb\xbf")).resourceType is not None
    except (msgspec.DecodeError, RecursionError):
        return False


def _document(file: str, place: str, data: bytes, source: str) -> Iterator[Entry]:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        head = _head.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        yield Entry(file=file, place=place, broken=f"This is not the JSON of a FHIR resource: {error}")
        return
    if head.resourceType == "Bundle":
        prefix = "" if place == "whole file" else f"{place}, "
        yield from _bundle(file, prefix, data, head.entry or [], source)
    else:
        yield _entry(file, place, data, None, source)


def _bundle(file: str, prefix: str, data: bytes, raw_entries: list[msgspec.Raw], source: str) -> Iterator[Entry]:
    """The entries of a bundle; each knows the `fullUrl`s of all."""
    whole = hashlib.sha256(data).hexdigest()[:32]
    found = [
        _unwrapped(file, f"{prefix}entry {at}", raw, f"sha256:{whole}/{at}", source)
        for at, raw in enumerate(raw_entries)
    ]
    named: dict[str, set[str]] = {}
    for entry in found:
        if entry.full_url and not entry.broken:
            named.setdefault(entry.full_url, set()).add(entry.key)
    own = {url: keys.pop() for url, keys in named.items() if len(keys) == 1}
    for entry in found:
        yield msgspec.structs.replace(entry, in_bundle=own)


def _unwrapped(file: str, place: str, raw: msgspec.Raw, response_key: str, source: str) -> Entry:
    try:
        entry = _bundle_entry.decode(raw)
    except msgspec.DecodeError as error:
        return Entry(file=file, place=place, broken=f"This entry of the bundle is malformed: {error}")
    if bytes(entry.resource) not in (b"", b"null"):
        return _entry(file, place, bytes(entry.resource), text(entry.fullUrl), source)
    data = bytes(raw)
    return Entry(
        file=file,
        place=place,
        type=RESPONSE,
        raw=data.decode(),
        key=response_key,
        digest=hashlib.sha256(data).digest(),
        full_url=text(entry.fullUrl),
    )


def _entry(file: str, place: str, data: bytes, full_url: str | None, source: str) -> Entry:
    if len(data) > MOST_BYTES:
        return Entry(file=file, place=place, broken="This resource is larger than 60 MB")
    try:
        resource = _resource.decode(data)
        raw = data.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Entry(file=file, place=place, broken=f"This is not the JSON of a FHIR resource: {error}")
    kind = text(resource.get("resourceType")) if isinstance(resource, dict) else None
    if kind is None or not kind.isascii() or not kind.isalpha():
        return Entry(file=file, place=place, broken="This has no resourceType: it is not a FHIR resource")
    resource["resourceType"] = kind
    base, full_digest = names.base_of(full_url) or source, names.digest(resource)
    return Entry(
        file=file,
        place=place,
        type=kind,
        resource=resource,
        raw=raw.strip(),
        key=names.key_of(resource, base, full_digest),
        digest=full_digest,
        base=base,
        full_url=full_url,
    )
