"""Every SQL statement of the FHIR import: what came in, under which names, and what is kept raw."""

from collections.abc import Iterable

import msgspec

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx


class ImportRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a resource became."""

    key: str
    resource_type: str
    target_kind: str
    target_id: str
    patient_id: str | None
    digest: bytes


BY_KEY = "SELECT key, resource_type, target_kind, target_id, patient_id, digest FROM fhir_import WHERE key = ?"
BY_ALIAS = (
    "SELECT i.key, i.resource_type, i.target_kind, i.target_id, i.patient_id, i.digest"
    " FROM fhir_alias a JOIN fhir_import i ON i.key = a.key WHERE a.alias = ? LIMIT 2"
)


def by_key(tx: ReadTx, key: str) -> ImportRow | None:
    return tx.maybe(ImportRow, BY_KEY, key)


def by_alias(tx: ReadTx, alias: str) -> list[ImportRow]:
    """At most two: more than one means that the name is not one's own."""
    return tx.all(ImportRow, BY_ALIAS, alias)


def insert_import(tx: WriteTx, row: ImportRow, original: str | None) -> None:
    tx.run(
        "INSERT INTO fhir_import (key, resource_type, target_kind, target_id, patient_id, digest, original, imported_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        row.key,
        row.resource_type,
        row.target_kind,
        row.target_id,
        row.patient_id,
        row.digest,
        original,
        tx.now,
    )


def insert_aliases(tx: WriteTx, key: str, aliases: Iterable[str]) -> None:
    for alias in aliases:
        tx.run("INSERT INTO fhir_alias (alias, key) VALUES (?, ?)", alias, key)


def insert_raw(tx: WriteTx, key: str, type: str, patient_id: str | None, resource: str) -> str:
    id = new_id()
    tx.run(
        "INSERT INTO fhir_raw (id, key, type, patient_id, resource, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        id,
        key,
        type,
        patient_id,
        resource,
        tx.now,
    )
    return id


def raw_resource(tx: ReadTx, key: str) -> str | None:
    return tx.maybe(str, "SELECT resource FROM fhir_raw WHERE key = ?", key)


def move(tx: WriteTx, from_id: str, to_id: str) -> dict[str, list[str]]:
    """What came in for one record of a patient goes on to another one of the same; keys and ids by noun."""
    imports = "UPDATE fhir_import SET patient_id = ? WHERE patient_id = ? RETURNING key"
    targets = "UPDATE fhir_import SET target_id = ? WHERE target_kind = 'patient' AND target_id = ? RETURNING key"
    raw = "UPDATE fhir_raw SET patient_id = ? WHERE patient_id = ? RETURNING id"
    return {
        "import": tx.all(str, imports, to_id, from_id),
        "importTarget": tx.all(str, targets, to_id, from_id),
        "raw": tx.all(str, raw, to_id, from_id),
    }


def move_back(tx: WriteTx, ids: list[str], targets: list[str], from_id: str, to_id: str) -> list[str]:
    """By their keys, by what they became, and by their ids."""
    values = {"ids": ids, "targets": targets, "from_id": from_id, "to_id": to_id}
    tx.run(
        "UPDATE fhir_import SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND (key IN (SELECT value FROM json_each(:ids)) OR target_id IN (SELECT value FROM json_each(:ids)))",
        values,
    )
    tx.run(
        "UPDATE fhir_import SET target_id = :to_id WHERE target_kind = 'patient' AND target_id = :from_id"
        " AND key IN (SELECT value FROM json_each(:targets))",
        values,
    )
    return tx.all(
        str,
        "UPDATE fhir_raw SET patient_id = :to_id WHERE patient_id = :from_id"
        " AND id IN (SELECT value FROM json_each(:ids)) RETURNING id",
        values,
    )


def forget_originals(tx: WriteTx, patient_id: str) -> None:
    """What came in about a person who is erased: the resource of the person itself goes, names and all."""
    tx.run("UPDATE fhir_import SET original = NULL WHERE target_kind = 'patient' AND target_id = ?", patient_id)
    tx.run("DELETE FROM fhir_raw WHERE patient_id = ? AND type IN ('Patient', 'RelatedPerson', 'Person')", patient_id)
