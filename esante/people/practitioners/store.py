# ruff: noqa: S608 - the pieces are constants of this file and of the policy; every value is bound
"""Every statement on practitioners and the decisions about them."""

from typing import Any

from esante.kernel.structs import new_id
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import (
    Decision,
    Practitioner,
    PractitionerBrief,
    PractitionerFilter,
    PractitionerId,
    PractitionerStatus,
    PublicPractitioner,
    SpecialtyCount,
)

_ACTIVE = (
    "(p.archived_at IS NULL AND NOT EXISTS (SELECT 1 FROM account_role r JOIN account a ON a.id = r.account_id"
    " WHERE r.person_id = p.id AND r.role = 'doctor' AND a.status IN ('suspended', 'archived')))"
)
_BRIEF = (
    "SELECT p.id, p.title, p.first_name, p.last_name, p.specialty, p.status, "
    + _ACTIVE
    + " AS active FROM practitioner p"
)
_WHOLE = (
    "SELECT p.id, p.title, p.first_name, p.last_name, p.specialty, p.subspecialty, p.licence_number, p.licence_authority,"
    " p.experience_years, p.education, p.languages, p.insurances, p.about, p.city, p.fee_minor, p.latitude, p.longitude,"
    " p.photo_id IS NOT NULL AS has_photo, p.email, p.mobile_number, p.mobile_e164,"
    " p.status, p.source, p.version, p.created_at, p.updated_at, p.archived_at, "
    + _ACTIVE
    + " AS active FROM practitioner p"
)
_SHOWN = (
    "SELECT p.id, p.title, p.first_name, p.last_name, p.specialty, p.subspecialty, p.experience_years, p.education,"
    " p.languages, p.insurances, p.about, p.city, p.fee_minor, :currency AS currency, p.photo_id IS NOT NULL AS has_photo"
)
_APPROVED = " FROM practitioner p WHERE p.status = 'approved' AND " + _ACTIVE
_PUBLIC = _SHOWN + _APPROVED
_WANTED = (
    " AND (:name IS NULL OR p.sort_name LIKE :name ESCAPE '\\')"
    " AND (:specialty IS NULL OR p.specialty_key LIKE :specialty ESCAPE '\\')"
    " AND (:city IS NULL OR p.city_key LIKE :city ESCAPE '\\')"
    " AND (:language IS NULL OR EXISTS (SELECT 1 FROM json_each(p.languages) l WHERE l.value = :language))"
    " AND (:fee IS NULL OR p.fee_minor <= :fee)"
)
# The haversine of the two places, on a sphere of 6371 km; rounded, so that a cursor finds its place again.
_DISTANCE = (
    "round(2 * 6371 * asin(sqrt(pow(sin(radians(p.latitude - :lat) / 2), 2) + cos(radians(:lat)) * cos(radians(p.latitude))"
    " * pow(sin(radians(p.longitude - :long) / 2), 2))), 3)"
)


def insert_practitioner(tx: WriteTx, row: dict[str, Any]) -> None:
    tx.run(
        "INSERT INTO practitioner (id, title, first_name, last_name, sort_name, specialty, specialty_key, subspecialty,"
        " licence_number, licence_authority, experience_years, education, languages, insurances, about, city, city_key,"
        " fee_minor, latitude, longitude, email, mobile_number, mobile_e164, status, source, created_at, updated_at)"
        " VALUES (:id, :title, :first_name, :last_name, :sort_name, :specialty, :specialty_key, :subspecialty, :licence_number,"
        " :licence_authority, :experience_years, :education, :languages, :insurances, :about, :city, :city_key,"
        " :fee_minor, :latitude, :longitude, :email, :mobile_number, :mobile_e164, :status, :source, :now, :now)",
        row,
    )


def update_practitioner(tx: WriteTx, row: dict[str, Any]) -> bool:
    """Only if nobody changed it since `:version`."""
    return (
        tx.run(
            "UPDATE practitioner SET title = :title, first_name = :first_name, last_name = :last_name,"
            " sort_name = :sort_name, specialty = :specialty, specialty_key = :specialty_key,"
            " subspecialty = :subspecialty, licence_number = :licence_number, licence_authority = :licence_authority,"
            " experience_years = :experience_years, education = :education, languages = :languages,"
            " insurances = :insurances, about = :about, city = :city, city_key = :city_key, fee_minor = :fee_minor,"
            " latitude = :latitude, longitude = :longitude,"
            " mobile_number = :mobile_number, mobile_e164 = :mobile_e164, status = :status, version = version + 1,"
            " updated_at = :now WHERE id = :id AND version = :version",
            row,
        )
        > 0
    )


def set_status(tx: WriteTx, practitioner_id: str, status: PractitionerStatus) -> None:
    sql = "UPDATE practitioner SET status = ?, version = version + 1, updated_at = ? WHERE id = ?"
    tx.run(sql, status, tx.now, practitioner_id)


def insert_decision(tx: WriteTx, practitioner_id: str, decision: str, reason: str | None) -> None:
    tx.run(
        "INSERT INTO practitioner_decision (id, practitioner_id, decision, reason, decided_by, decided_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        new_id(),
        practitioner_id,
        decision,
        reason,
        tx.actor.id,
        tx.now,
    )


def decisions(tx: ReadTx, practitioner_id: str) -> list[Decision]:
    return tx.all(
        Decision,
        "SELECT id, decision, reason, decided_by, decided_at FROM practitioner_decision"
        " WHERE practitioner_id = ? ORDER BY decided_at, id",
        practitioner_id,
    )


def brief(tx: ReadTx, practitioner_id: str) -> PractitionerBrief | None:
    return tx.maybe(PractitionerBrief, _BRIEF + " WHERE p.id = ?", practitioner_id)


def practitioner(tx: ReadTx, practitioner_id: str) -> Practitioner | None:
    return tx.maybe(Practitioner, _WHOLE + " WHERE p.id = ?", practitioner_id)


def pending(tx: ReadTx, after: str | None, limit: int) -> list[Practitioner]:
    """Those who registered themselves or changed their licence, oldest first; imported ones too."""
    return tx.all(
        Practitioner,
        _WHOLE + " WHERE p.status = 'pending' AND p.archived_at IS NULL AND (:after IS NULL OR p.id > :after)"
        " ORDER BY p.id LIMIT :most",
        {"after": after, "most": limit + 1},
    )


def licence_holder(tx: ReadTx, number: str, authority: str, but: str) -> PractitionerId | None:
    return tx.maybe(
        PractitionerId,
        "SELECT id FROM practitioner WHERE licence_number = ? AND licence_authority = ?"
        " AND archived_at IS NULL AND source <> 'import' AND id <> ?",
        number,
        authority,
        but,
    )


def public(tx: ReadTx, practitioner_id: str) -> PublicPractitioner | None:
    args = {"id": practitioner_id, "currency": tx.settings.currency}
    return tx.maybe(PublicPractitioner, _PUBLIC + " AND p.id = :id", args)


def search(tx: ReadTx, asked: PractitionerFilter, keys: dict[str, Any]) -> list[PublicPractitioner]:
    """By name; one more than the page. `keys` holds the folded patterns and the cursor."""
    return tx.all(
        PublicPractitioner,
        _PUBLIC
        + _WANTED
        + " AND (:after_id IS NULL OR (p.sort_name, p.id) > (SELECT q.sort_name, q.id FROM practitioner q WHERE q.id = :after_id))"
        " ORDER BY p.sort_name, p.id LIMIT :most",
        {**keys, **_asked(tx, asked)},
    )


def nearest(tx: ReadTx, asked: PractitionerFilter, keys: dict[str, Any]) -> list[PublicPractitioner]:
    """By distance from `:lat`, `:long`; one more than the page. Those without a place are left out."""
    return tx.all(
        PublicPractitioner,
        "SELECT * FROM ("
        + _SHOWN
        + ", "
        + _DISTANCE
        + " AS distance_km"
        + _APPROVED
        + _WANTED
        + " AND p.latitude IS NOT NULL"
        " AND p.longitude IS NOT NULL) WHERE (:radius IS NULL OR distance_km <= :radius)"
        " AND (:after_id IS NULL OR (distance_km, id) > (:after_km, :after_id)) ORDER BY distance_km, id LIMIT :most",
        {**keys, **_asked(tx, asked)},
    )


def _asked(tx: ReadTx, asked: PractitionerFilter) -> dict[str, Any]:
    return {
        "currency": tx.settings.currency,
        "language": asked.language,
        "fee": asked.max_fee_minor,
        "most": asked.limit + 1,
    }


def specialties(tx: ReadTx) -> list[SpecialtyCount]:
    return tx.all(
        SpecialtyCount,
        "SELECT min(p.specialty) AS specialty, count(*) AS doctors FROM practitioner p WHERE p.status = 'approved' AND "
        + _ACTIVE
        + " GROUP BY p.specialty_key ORDER BY p.specialty_key",
    )
