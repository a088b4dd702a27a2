"""Under which names a resource is known, and which names a reference may mean.

The key of a resource is its source system, type and id; else its identifier; else a digest of it. The source system is the
base of an absolute `fullUrl`, else what the operator names; resources without either share the unnamed source. References
look in their own bundle first, then in their own source. A name that several resources have means none of them.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import msgspec

from esante.interop.fhir.values import Resource, item, items, text

ABSOLUTE = re.compile(r"^(?P<base>https?://.+)/(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})$")
RELATIVE = re.compile(r"^(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})$")
CONDITIONAL = re.compile(r"^(?P<type>[A-Z][A-Za-z]+)\?(?:.*&)?identifier=(?P<token>[^&]+)")


def digest(resource: Resource) -> bytes:
    """The same for the same content, however it is spaced and ordered."""
    return hashlib.sha256(msgspec.json.encode(resource, order="sorted")).digest()


def base_of(full_url: str | None) -> str:
    """The source system that an absolute `fullUrl` names; empty when it names none."""
    found = ABSOLUTE.match(full_url or "")
    return found["base"] if found else ""


def key_of(resource: Resource, base: str, full_digest: bytes) -> str:
    """The key of idempotency of a resource."""
    kind, id = resource["resourceType"], text(resource.get("id"))
    if id:
        return f"{base}/{kind}/{id}" if base else f"{kind}/{id}"
    named = identifiers(resource)
    return named[0] if named else f"sha256:{full_digest.hex()}"


def identifiers(resource: Resource) -> list[str]:
    """Its business identifiers, written as a conditional reference writes them: `Patient?identifier=system|value`."""
    return [
        f"{resource['resourceType']}?identifier={system}|{value}"
        for each in items(resource.get("identifier"))
        if (system := text(each.get("system"))) and (value := text(each.get("value")))
    ]


def aliases_of(resource: Resource, key: str, full_url: str | None) -> list[str]:
    """The other names by which something may point at it, beside its key."""
    kind, id = resource["resourceType"], text(resource.get("id"))
    names = set(identifiers(resource))
    if full_url:
        names.add(full_url)
    if id:
        names |= {f"urn:uuid:{id}", f"{kind}/{id}"}
    return sorted(names - {key})


def meant_by(reference: object, kinds: Iterable[str], base: str, in_bundle: Mapping[str, str]) -> list[str]:
    """The names that a reference may mean, the likeliest first; empty when it points at nothing at all."""
    ref = item(reference)
    where = text(ref.get("reference"))
    names: list[str] = []
    if where:
        where = re.sub(r"/_history/[^/]+$", "", where)
        if where in in_bundle:
            return [in_bundle[where]]
        names += _by_address(where, kinds, base, in_bundle)
    identifier = item(ref.get("identifier"))
    if (system := text(identifier.get("system"))) and (value := text(identifier.get("value"))):
        named = text(ref.get("type"))
        names += [f"{kind}?identifier={system}|{value}" for kind in ([named] if named else kinds)]
    return names


def _by_address(where: str, kinds: Iterable[str], base: str, in_bundle: Mapping[str, str]) -> list[str]:
    if found := RELATIVE.match(where):
        if base and f"{base}/{where}" in in_bundle:
            return [in_bundle[f"{base}/{where}"]]
        return [f"{base}/{where}" if base else where]
    if found := ABSOLUTE.match(where):
        return [where] if base else [where, f"{found['type']}/{found['id']}"]
    if found := CONDITIONAL.match(where):
        return [f"{found['type']}?identifier={unquote(found['token'])}"]
    if where.startswith(("urn:uuid:", "urn:oid:")):
        return [where, *(f"{kind}/{where.split(':', 2)[2]}" for kind in kinds)]
    return [where]


def type_meant(reference: object) -> str | None:
    """The resource type that a reference says it points at; None when it does not say."""
    ref = item(reference)
    where = re.sub(r"/_history/[^/]+$", "", text(ref.get("reference")) or "")
    found = RELATIVE.match(where) or ABSOLUTE.match(where) or CONDITIONAL.match(where)
    return found["type"] if found else text(ref.get("type"))
