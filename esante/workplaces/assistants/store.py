# ruff: noqa: S608 - the pieces are constants of this file; every value is bound
"""Every statement on assignments and scopes of assistants."""

from esante.kernel.actor import EVERYBODY, Scope
from esante.kernel.structs import AccountId
from esante.kernel.transaction import ReadTx, WriteTx
from esante.people.structs import PractitionerId
from esante.workplaces.structs import (
    Assignment,
    AssignmentId,
    AssistedDoctor,
    AssistedWorkplace,
    GrantedScope,
    InvitationId,
    WorkplaceId,
)

_ASSIGNMENT = (
    "SELECT a.id, a.account_id, account.email, a.name, a.workplace_id, w.name AS workplace_name,"
    " a.practitioner_id, a.doctors, a.scopes,"
    " a.since_at, a.ended_at, a.ended_side, a.end_reason, a.version FROM assistant_assignment a"
    " JOIN workplace w ON w.id = a.workplace_id JOIN account ON account.id = a.account_id"
)


def insert_assignment(tx: WriteTx, new: Assignment, invitation_id: InvitationId | None) -> None:
    tx.run(
        "INSERT INTO assistant_assignment (id, account_id, workplace_id, practitioner_id, invitation_id, name, doctors,"
        " scopes, since_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.id,
        new.account_id,
        new.workplace_id,
        new.practitioner_id,
        invitation_id,
        new.name,
        new.doctors,
        new.scopes,
        new.since_at,
    )


def assignment(tx: ReadTx, id: AssignmentId) -> Assignment | None:
    return tx.maybe(Assignment, f"{_ASSIGNMENT} WHERE a.id = ?", id)


def active_assignment(tx: ReadTx, account_id: str, workplace_id: WorkplaceId) -> Assignment | None:
    return tx.maybe(
        Assignment,
        f"{_ASSIGNMENT} WHERE a.account_id = ? AND a.workplace_id = ? AND a.ended_at IS NULL",
        account_id,
        workplace_id,
    )


def assignments(
    tx: ReadTx, practitioner_id: PractitionerId | None, before: str | None, most: int, *, ended: bool
) -> list[Assignment]:
    """At the sites where this practitioner works or which are theirs, or by their own invitation; all for nobody."""
    return tx.all(
        Assignment,
        f"{_ASSIGNMENT} WHERE (:own IS NULL OR a.practitioner_id = :own OR w.owner_id = :own OR EXISTS ("
        "SELECT 1 FROM workplace_member m WHERE m.workplace_id = a.workplace_id AND m.practitioner_id = :own"
        " AND m.until_at IS NULL)) AND (:ended OR a.ended_at IS NULL) AND (:before IS NULL OR a.id < :before)"
        " ORDER BY a.id DESC LIMIT :most",
        {"own": practitioner_id, "ended": ended, "before": before, "most": most},
    )


def count_active(tx: ReadTx, workplace_id: WorkplaceId) -> int:
    return tx.one(
        int, "SELECT count(*) FROM assistant_assignment WHERE workplace_id = ? AND ended_at IS NULL", workplace_id
    )


def end_assignment(tx: WriteTx, id: AssignmentId, side: str, reason: str | None) -> None:
    tx.run(
        "UPDATE assistant_assignment SET ended_at = ?, ended_by = ?, ended_side = ?, end_reason = ?, version = version + 1"
        " WHERE id = ? AND ended_at IS NULL",
        tx.now,
        tx.actor.id,
        side,
        reason,
        id,
    )


def set_granted(tx: WriteTx, id: AssignmentId, scopes: list[Scope], doctors: list[PractitionerId] | None) -> None:
    sql = "UPDATE assistant_assignment SET scopes = ?, doctors = ?, version = version + 1 WHERE id = ?"
    tx.run(sql, scopes, doctors, id)


def own_doctors(tx: ReadTx, account_id: str) -> list[AssistedDoctor]:
    return tx.all(
        AssistedDoctor,
        "SELECT d.id AS practitioner_id, d.title, d.first_name, d.last_name, d.specialty, w.id AS workplace_id,"
        " w.name AS workplace_name FROM assistant_assignment a JOIN workplace w ON w.id = a.workplace_id"
        " JOIN workplace_member m ON m.workplace_id = a.workplace_id AND m.until_at IS NULL"
        " JOIN practitioner d ON d.id = m.practitioner_id AND d.status = 'approved' AND d.archived_at IS NULL"
        " AND (a.doctors IS NULL OR d.id IN (SELECT value FROM json_each(a.doctors))) WHERE a.account_id = ? AND"
        " a.ended_at IS NULL ORDER BY d.sort_name, d.id, w.name",
        account_id,
    )


def own_workplaces(tx: ReadTx, account_id: str) -> list[AssistedWorkplace]:
    return tx.all(
        AssistedWorkplace,
        "SELECT a.id AS assignment_id, w.id AS workplace_id, w.name AS workplace_name, w.hours, a.scopes, a.since_at"
        " FROM assistant_assignment a JOIN workplace w ON w.id = a.workplace_id"
        " WHERE a.account_id = ? AND a.ended_at IS NULL ORDER BY w.name, w.id",
        account_id,
    )


def desk_of(tx: ReadTx, practitioner_id: str, workplace_id: WorkplaceId, scopes: list[Scope]) -> list[AccountId]:
    return tx.all(
        AccountId,
        "SELECT DISTINCT a.account_id FROM assistant_assignment a JOIN assistant_scope s ON s.account_id = a.account_id"
        " AND s.workplace_id = a.workplace_id AND s.scope IN (SELECT value FROM json_each(:scopes))"
        " JOIN account ON account.id = a.account_id AND account.status = 'active'"
        " WHERE a.workplace_id = :place AND a.ended_at IS NULL"
        " AND (a.doctors IS NULL OR :whom IN (SELECT value FROM json_each(a.doctors))) ORDER BY a.account_id",
        {"whom": practitioner_id, "place": workplace_id, "scopes": scopes},
    )


def is_assistant(tx: ReadTx, account_id: str) -> bool:
    return tx.one(
        bool,
        "SELECT EXISTS (SELECT 1 FROM account_role WHERE account_id = ? AND role = 'assistant')",
        account_id,
    )


# ------------------------------------------------------------------------------------ scopes


def scopes(tx: ReadTx, account_id: AccountId) -> list[GrantedScope]:
    """For each practitioner of the site whom the assistant works for; once for everybody at the clinic's own site."""
    return tx.all(
        GrantedScope,
        "SELECT DISTINCT s.workplace_id, s.scope, CASE WHEN a.doctors IS NULL AND w.is_primary THEN :everybody"
        " ELSE m.practitioner_id END AS practitioner_id FROM assistant_scope s JOIN assistant_assignment a"
        " ON a.account_id = s.account_id AND a.workplace_id = s.workplace_id AND a.ended_at IS NULL"
        " JOIN workplace w ON w.id = s.workplace_id LEFT JOIN workplace_member m ON m.workplace_id = s.workplace_id"
        " AND m.until_at IS NULL AND (a.doctors IS NULL OR m.practitioner_id IN (SELECT value FROM json_each(a.doctors)))"
        " WHERE s.account_id = :account AND ((a.doctors IS NULL AND w.is_primary) OR m.practitioner_id IS NOT NULL)",
        {"account": account_id, "everybody": EVERYBODY},
    )


def put_scopes(tx: WriteTx, account_id: AccountId, workplace_id: WorkplaceId, granted: list[Scope]) -> None:
    """These and no others."""
    tx.run("DELETE FROM assistant_scope WHERE account_id = ? AND workplace_id = ?", account_id, workplace_id)
    for scope in granted:
        tx.run(
            "INSERT INTO assistant_scope (account_id, workplace_id, scope, granted_at) VALUES (?, ?, ?, ?)",
            account_id,
            workplace_id,
            scope,
            tx.now,
        )
