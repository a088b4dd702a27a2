# ruff: noqa: S608 - the pieces are constants of this file and of the policy; every value is bound
"""Every statement that looks for people who may be the same. `seen` is a fragment of the patients' policy, over `patient p`."""

from collections.abc import Iterable
from typing import Any

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.duplicates.structs import Known

_COLUMNS = "p.number, p.id, p.first_name, p.last_name, p.birth_date, p.mobile_e164, p.email"
_KNOWN = "SELECT " + _COLUMNS + ", "
_ACTIVE = " AS visible FROM patient p WHERE p.archived_at IS NULL AND p.id <> :but AND "
MOST = 400

# A name alone is no match when both birth dates are known and neither the year nor the day of the year fits.
_LIKE_NAMED = (
    "p.number IN (SELECT k.number FROM patient_name_key k WHERE k.key IN (SELECT value FROM json_each(:keys)))"
    " AND (:birth_date IS NULL OR p.birth_date IS NULL OR substr(p.birth_date, 1, 4) = substr(:birth_date, 1, 4)"
    " OR substr(p.birth_date, 6) = substr(:birth_date, 6)) LIMIT :most"
)


def with_mobile(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[Known]:
    return tx.all(Known, _KNOWN + seen + _ACTIVE + "p.mobile_e164 = :mobile LIMIT :most", args)


def with_email(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[Known]:
    return tx.all(Known, _KNOWN + seen + _ACTIVE + "lower(p.email) = :email LIMIT :most", args)


def born_on(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[Known]:
    return tx.all(Known, _KNOWN + seen + _ACTIVE + "p.birth_date = :birth_date LIMIT :most", args)


def like_named(tx: ReadTx, seen: str, args: dict[str, Any]) -> list[Known]:
    return tx.all(Known, _KNOWN + seen + _ACTIVE + _LIKE_NAMED, args)


def after(tx: ReadTx, number: int, most: int) -> list[Known]:
    """Active patients in the order in which they were made."""
    return tx.all(
        Known,
        "SELECT " + _COLUMNS + " FROM patient p WHERE p.archived_at IS NULL AND p.number > ? ORDER BY p.number LIMIT ?",
        number,
        most,
    )


def without_keys(tx: ReadTx, most: int) -> list[Known]:
    """Patients from before there were name keys."""
    return tx.all(Known, "SELECT " + _COLUMNS + " FROM patient p WHERE p.keyed = 0 ORDER BY p.number LIMIT ?", most)


def insert_keys(tx: WriteTx, number: int, keys: Iterable[int]) -> None:
    tx.run(
        "INSERT INTO patient_name_key (key, number) SELECT value, :number FROM json_each(:keys)",
        {"keys": list(keys), "number": number},
    )


def delete_keys(tx: WriteTx, number: int) -> None:
    tx.run("DELETE FROM patient_name_key WHERE number = ?", number)


def mark_keyed(tx: WriteTx, number: int) -> None:
    tx.run("UPDATE patient SET keyed = 1 WHERE number = ?", number)
