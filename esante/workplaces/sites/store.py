"""Every statement on sites and rooms."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.workplaces.structs import Room, RoomId, Workplace, WorkplaceId

WORKPLACE = (
    "SELECT id, name, kind, phone, email, website, description, street, postal_code, city, country, latitude, longitude,"
    " hours, fee_minor, services, insurances, owner_id, is_primary, is_active, source, version, created_at, updated_at"
    " FROM workplace"
)
ROOM = "SELECT id, workplace_id, name, kind, is_active, version, created_at, updated_at FROM room"


def workplaces(tx: ReadTx) -> list[Workplace]:
    return tx.all(Workplace, f"{WORKPLACE} WHERE is_active = 1 ORDER BY is_primary DESC, name, id LIMIT 500")


def workplace(tx: ReadTx, workplace_id: WorkplaceId) -> Workplace | None:
    return tx.maybe(Workplace, f"{WORKPLACE} WHERE id = ?", workplace_id)


def primary(tx: ReadTx) -> Workplace | None:
    return tx.maybe(Workplace, f"{WORKPLACE} WHERE is_primary = 1")


def primary_id(tx: ReadTx) -> WorkplaceId | None:
    return tx.maybe(WorkplaceId, "SELECT id FROM workplace WHERE is_primary = 1")


def insert_workplace(tx: WriteTx, new: Workplace) -> None:
    tx.run(
        "INSERT INTO workplace (id, name, kind, phone, email, website, description, street, postal_code, city, country,"
        " latitude, longitude, hours, fee_minor, services, insurances, owner_id, is_primary, is_active, source, version,"
        " created_at, updated_at) VALUES (:id, :name, :kind, :phone, :email, :website, :description, :street, :postal_code,"
        " :city, :country, :latitude, :longitude, :hours, :fee_minor, :services, :insurances, :owner_id, :is_primary,"
        " :is_active, :source, :version, :created_at, :updated_at)",
        new,
    )


def update_workplace(tx: WriteTx, changed: Workplace) -> None:
    tx.run(
        "UPDATE workplace SET name = :name, kind = :kind, phone = :phone, email = :email, website = :website,"
        " description = :description, street = :street, postal_code = :postal_code, city = :city, country = :country,"
        " latitude = :latitude, longitude = :longitude, hours = :hours, fee_minor = :fee_minor, services = :services,"
        " insurances = :insurances, is_active = :is_active, version = :version, updated_at = :updated_at WHERE id = :id",
        changed,
    )


def rooms(tx: ReadTx, workplace_id: WorkplaceId) -> list[Room]:
    return tx.all(Room, f"{ROOM} WHERE workplace_id = ? ORDER BY is_active DESC, name, id", workplace_id)


def room(tx: ReadTx, room_id: RoomId) -> Room | None:
    return tx.maybe(Room, f"{ROOM} WHERE id = ?", room_id)


def room_named(tx: ReadTx, workplace_id: WorkplaceId, name: str) -> RoomId | None:
    return tx.maybe(
        RoomId, "SELECT id FROM room WHERE workplace_id = ? AND name = ? AND is_active = 1", workplace_id, name
    )


def insert_room(tx: WriteTx, new: Room) -> None:
    tx.run(
        "INSERT INTO room (id, workplace_id, name, kind, is_active, version, created_at, updated_at)"
        " VALUES (:id, :workplace_id, :name, :kind, :is_active, :version, :created_at, :updated_at)",
        new,
    )


def update_room(tx: WriteTx, changed: Room) -> None:
    tx.run(
        "UPDATE room SET name = :name, kind = :kind, is_active = :is_active, version = :version,"
        " updated_at = :updated_at WHERE id = :id",
        changed,
    )
