"""Every SQL statement of the audit reading room. It only reads: lines are written by the kernel alone."""

from zoneinfo import ZoneInfo

from esante.audit.structs import AuditFilter, AuditLine, RecordAccess
from esante.kernel.transaction import ReadTx

_LINE = (
    "SELECT a.seq, a.at, a.actor, (SELECT coalesce(p.first_name || ' ' || p.last_name, d.first_name || ' ' || d.last_name)"
    "  FROM account_role r LEFT JOIN patient p ON p.id = r.person_id LEFT JOIN practitioner d ON d.id = r.person_id"
    "  WHERE r.account_id = a.actor AND r.role = a.role) AS actor_name,"
    " a.role, a.on_behalf_of, a.session_id, a.address, a.request_id, a.action, a.severity, a.outcome, a.patient_id,"
    " a.subject, a.reason, a.purpose, a.detail FROM audit a"
)

_SECURITY = (
    "(a.action GLOB 'auth.*' OR a.action GLOB 'account.*' OR a.action GLOB 'access.*' OR a.action GLOB 'audit.*'"
    " OR a.severity = 'critical')"
)


def lines(tx: ReadTx, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditLine]:
    """Newest first. The statement names only what is asked, so that an index serves it."""
    conditions, values = _conditions(wanted)
    if before is not None:
        conditions.append("a.seq < :before")
        values["before"] = before
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return tx.all(AuditLine, f"{_LINE}{where} ORDER BY a.seq DESC LIMIT :limit", values | {"limit": limit})


def line(tx: ReadTx, seq: int) -> AuditLine:
    return tx.one(AuditLine, f"{_LINE} WHERE a.seq = :seq", {"seq": seq})


def _conditions(wanted: AuditFilter) -> tuple[list[str], dict[str, object]]:
    possible = {
        "a.actor = :actor": wanted.actor,
        "a.patient_id = :patient_id": wanted.patient_id,
        "a.action = :action": wanted.action,
        "a.action GLOB :category || '.*'": wanted.category,
        "a.severity = :severity": wanted.severity,
        "a.outcome = :outcome": wanted.outcome,
        "a.at >= :since": wanted.since,
        "a.at < :until": wanted.until,
    }
    conditions = [condition for condition, value in possible.items() if value is not None]
    if wanted.security:
        conditions.append(_SECURITY)
    values: dict[str, object] = {
        "actor": wanted.actor,
        "patient_id": wanted.patient_id,
        "action": wanted.action,
        "category": wanted.category,
        "severity": wanted.severity,
        "outcome": wanted.outcome,
        "since": wanted.since,
        "until": wanted.until,
    }
    return conditions, values


def accesses(tx: ReadTx, patient_id: str, limit: int) -> list[RecordAccess]:
    """Grouped by person and day of the clinic's zone, newest first; the last 5,000 lines are looked at."""
    zone = ZoneInfo(tx.settings.time_zone)
    found = lines(tx, AuditFilter(patient_id=patient_id, outcome="done"), None, 5_000)
    groups: dict[tuple[object, ...], list[AuditLine]] = {}
    for line in found:
        groups.setdefault((line.at.astimezone(zone).date(), line.actor, line.role), []).append(line)
    return [
        RecordAccess(
            on=group[0].at.astimezone(zone).date(),
            actor=group[0].actor,
            actor_name=group[0].actor_name,
            role=group[0].role,
            actions=sorted({line.action for line in group}),
            count=len(group),
            last_at=group[0].at,
        )
        for group in list(groups.values())[:limit]
    ]
