# ruff: noqa: S608 - the pieces are constants of this file; every value is bound
"""Every statement on invitations."""

from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.workplaces.structs import Invitation, InvitationId, InvitationRow, InvitationStatus, WorkplaceId

_STATUS = "CASE WHEN i.status = 'pending' AND i.expires_at <= :now THEN 'expired' ELSE i.status END"
_ROW = (
    "SELECT i.id, i.workplace_id, i.practitioner_id, i.email, i.email_key, i.name, i.message, i.scopes, i.salt,"
    f" {_STATUS} AS status, i.expires_at, i.invited_by, i.created_at FROM assistant_invitation i"
)
_SHOWN = (
    "SELECT i.id, i.workplace_id, w.name AS workplace_name, i.practitioner_id,"
    " d.first_name || ' ' || d.last_name AS practitioner_name, i.email, i.name, i.message, i.scopes,"
    f" {_STATUS} AS status, i.expires_at, i.created_at, i.ended_at FROM assistant_invitation i"
    " JOIN workplace w ON w.id = i.workplace_id LEFT JOIN practitioner d ON d.id = i.practitioner_id"
)
_PAGE = (
    f" AND (:status IS NULL OR {_STATUS} = :status) AND (:before IS NULL OR i.id < :before)"
    " ORDER BY i.id DESC LIMIT :most"
)


def insert_invitation(tx: WriteTx, new: InvitationRow) -> None:
    tx.run(
        "INSERT INTO assistant_invitation (id, workplace_id, practitioner_id, email, email_key, name, message, scopes, salt,"
        " status, expires_at, invited_by, created_at) VALUES (:id, :workplace_id, :practitioner_id, :email, :email_key,"
        " :name, :message, :scopes, :salt, :status, :expires_at, :invited_by, :created_at)",
        new,
    )


def invitation_row(tx: ReadTx, id: InvitationId) -> InvitationRow | None:
    return tx.maybe(InvitationRow, f"{_ROW} WHERE i.id = :id", {"id": id, "now": tx.now})


def invitation(tx: ReadTx, id: InvitationId) -> Invitation:
    return tx.one(Invitation, f"{_SHOWN} WHERE i.id = :id", {"id": id, "now": tx.now})


def pending_of(tx: ReadTx, workplace_id: WorkplaceId, email_key: str) -> InvitationRow | None:
    """The one that the index counts as open, although it may have run out."""
    return tx.maybe(
        InvitationRow,
        f"{_ROW} WHERE i.workplace_id = :workplace AND i.email_key = :email AND i.status = 'pending'",
        {"workplace": workplace_id, "email": email_key, "now": tx.now},
    )


def alive_for(tx: ReadTx, email_key: str) -> list[InvitationRow]:
    return tx.all(
        InvitationRow,
        f"{_ROW} WHERE i.email_key = :email AND i.status = 'pending' AND i.expires_at > :now ORDER BY i.id",
        {"email": email_key, "now": tx.now},
    )


def pending_at(tx: ReadTx, workplace_id: WorkplaceId) -> list[InvitationRow]:
    return tx.all(
        InvitationRow,
        f"{_ROW} WHERE i.workplace_id = :workplace AND i.status = 'pending'",
        {"workplace": workplace_id, "now": tx.now},
    )


def lapsed(tx: ReadTx) -> list[InvitationRow]:
    return tx.all(
        InvitationRow, f"{_ROW} WHERE i.status = 'pending' AND i.expires_at <= :now ORDER BY i.id", {"now": tx.now}
    )


def invitations_for(
    tx: ReadTx, email_key: str, status: InvitationStatus | None, before: str | None, most: int
) -> list[Invitation]:
    return tx.all(
        Invitation,
        f"{_SHOWN} WHERE i.email_key = :email{_PAGE}",
        {"email": email_key, "status": status, "before": before, "most": most, "now": tx.now},
    )


def invitations_of(
    tx: ReadTx, practitioner_id: PractitionerId | None, status: InvitationStatus | None, before: str | None, most: int
) -> list[Invitation]:
    """Those that this practitioner sent, or that were sent to a site of theirs; all for nobody in particular."""
    return tx.all(
        Invitation,
        f"{_SHOWN} WHERE (:own IS NULL OR i.practitioner_id = :own OR w.owner_id = :own){_PAGE}",
        {"own": practitioner_id, "status": status, "before": before, "most": most, "now": tx.now},
    )


def end_invitation(tx: WriteTx, id: InvitationId, status: InvitationStatus, by: str) -> None:
    tx.run(
        "UPDATE assistant_invitation SET status = ?, ended_at = ?, ended_by = ? WHERE id = ? AND status = 'pending'",
        status,
        tx.now,
        by,
        id,
    )
