"""Every statement on members: the practitioners of a site."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.workplaces.structs import DoctorWorkplace, Member, WorkplaceId

_PLACE = (
    "SELECT w.id, w.name, w.kind, w.phone, w.email, w.website, w.description, w.street, w.postal_code, w.city, w.country,"
    " w.latitude, w.longitude, w.hours, w.services, w.insurances, coalesce(m.fee_minor, w.fee_minor) AS fee_minor,"
    " :currency AS currency, m.is_primary, w.owner_id IS m.practitioner_id AS is_owner, w.version"
    " FROM workplace_member m JOIN workplace w ON w.id = m.workplace_id"
    " WHERE m.practitioner_id = :practitioner AND m.until_at IS NULL AND w.is_active = 1"
)
_MEMBER = (
    "SELECT m.practitioner_id, d.first_name, d.last_name, d.specialty, m.fee_minor, m.is_primary, m.since_at"
    " FROM workplace_member m JOIN practitioner d ON d.id = m.practitioner_id"
    " WHERE m.workplace_id = :workplace AND m.until_at IS NULL"
)


def places(tx: ReadTx, practitioner_id: PractitionerId) -> list[DoctorWorkplace]:
    return tx.all(
        DoctorWorkplace,
        f"{_PLACE} ORDER BY m.is_primary DESC, w.name, w.id",
        {"practitioner": practitioner_id, "currency": tx.settings.currency},
    )


def place(tx: ReadTx, practitioner_id: PractitionerId, workplace_id: WorkplaceId) -> DoctorWorkplace | None:
    return tx.maybe(
        DoctorWorkplace,
        f"{_PLACE} AND w.id = :workplace",
        {"practitioner": practitioner_id, "workplace": workplace_id, "currency": tx.settings.currency},
    )


def members(tx: ReadTx, workplace_id: WorkplaceId) -> list[Member]:
    return tx.all(Member, f"{_MEMBER} ORDER BY d.sort_name, d.id", {"workplace": workplace_id})


def member(tx: ReadTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> Member | None:
    return tx.maybe(
        Member,
        f"{_MEMBER} AND m.practitioner_id = :practitioner",
        {"workplace": workplace_id, "practitioner": practitioner_id},
    )


def insert_member(
    tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId, fee_minor: int | None
) -> None:
    tx.run(
        "INSERT INTO workplace_member (workplace_id, practitioner_id, fee_minor, since_at) VALUES (?, ?, ?, ?)",
        workplace_id,
        practitioner_id,
        fee_minor,
        tx.now,
    )


def revive_member(
    tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId, fee_minor: int | None
) -> int:
    """Who left and came back within one instant goes on as if they had not left."""
    return tx.run(
        "UPDATE workplace_member SET until_at = NULL, is_primary = 0, fee_minor = ?"
        " WHERE workplace_id = ? AND practitioner_id = ? AND since_at = ? AND until_at IS NOT NULL",
        fee_minor,
        workplace_id,
        practitioner_id,
        tx.now,
    )


def set_fee(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId, fee_minor: int | None) -> None:
    tx.run(
        "UPDATE workplace_member SET fee_minor = ? WHERE workplace_id = ? AND practitioner_id = ? AND until_at IS NULL",
        fee_minor,
        workplace_id,
        practitioner_id,
    )


def set_primary(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> None:
    """In two steps: the index allows one at a time."""
    tx.run(
        "UPDATE workplace_member SET is_primary = 0 WHERE practitioner_id = ? AND is_primary = 1 AND until_at IS NULL",
        practitioner_id,
    )
    tx.run(
        "UPDATE workplace_member SET is_primary = 1 WHERE workplace_id = ? AND practitioner_id = ? AND until_at IS NULL",
        workplace_id,
        practitioner_id,
    )


def primary(tx: ReadTx, practitioner_id: PractitionerId) -> WorkplaceId | None:
    return tx.maybe(
        WorkplaceId,
        "SELECT workplace_id FROM workplace_member WHERE practitioner_id = ? AND is_primary = 1 AND until_at IS NULL",
        practitioner_id,
    )


def usual_place(tx: ReadTx, practitioner_id: PractitionerId) -> WorkplaceId | None:
    """The clinic's own site for its members, and for who is a member nowhere; else the primary one."""
    return tx.maybe(WorkplaceId | None, _USUAL, practitioner_id)  # type: ignore[arg-type]


_USUAL = (
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM workplace_member m WHERE m.practitioner_id = ?1 AND m.workplace_id = w.id"
    " AND m.until_at IS NULL) THEN w.id ELSE coalesce((SELECT m.workplace_id FROM workplace_member m"
    " WHERE m.practitioner_id = ?1 AND m.is_primary = 1 AND m.until_at IS NULL), w.id) END"
    " FROM workplace w WHERE w.is_primary = 1"
)


def oldest(tx: ReadTx, practitioner_id: PractitionerId) -> WorkplaceId | None:
    return tx.maybe(
        WorkplaceId,
        "SELECT workplace_id FROM workplace_member WHERE practitioner_id = ? AND until_at IS NULL"
        " ORDER BY since_at, workplace_id",
        practitioner_id,
    )


def end_member(tx: WriteTx, workplace_id: WorkplaceId, practitioner_id: PractitionerId) -> None:
    tx.run(
        "UPDATE workplace_member SET until_at = ? WHERE workplace_id = ? AND practitioner_id = ? AND until_at IS NULL",
        tx.now,
        workplace_id,
        practitioner_id,
    )
