"""Every SQL statement of the watch."""

from datetime import datetime

from esante.audit.watch.structs import Access, Burst, Critical, Seen
from esante.kernel.structs import Kept
from esante.kernel.transaction import ReadTx, WriteTx

RECENT_LINES = 5_000


class At(Kept):
    """A line's instant."""

    at: datetime


def seen(tx: ReadTx) -> int | None:
    found = tx.maybe(Seen, "SELECT seq FROM audit_watch")
    return found.seq if found else None


def note_seen(tx: WriteTx, seq: int) -> None:
    tx.run(
        "INSERT INTO audit_watch (id, seq) VALUES (1, :seq) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq",
        {"seq": seq},
    )


def criticals(tx: ReadTx, after: int, upto: int) -> list[Critical]:
    return tx.all(
        Critical,
        "SELECT action, count(*) AS count, max(seq) AS last_seq FROM audit WHERE severity = 'critical'"
        " AND seq > :after AND seq <= :upto GROUP BY action ORDER BY last_seq",
        {"after": after, "upto": upto},
    )


def bursts(tx: ReadTx, upto: int, since: datetime, most: int) -> list[Burst]:
    """Who was refused `most` times or more since then: an account, or an address where nobody was signed in."""
    return tx.all(
        Burst,
        "SELECT iif(role = 'anonymous', coalesce(address, '?'), actor) AS who, count(*) AS count FROM audit"
        " WHERE severity = 'warning' AND action = 'access.denied' AND seq > :from AND at >= :since"
        " GROUP BY who HAVING count(*) >= :most",
        {"from": upto - RECENT_LINES, "since": since, "most": most},
    )


def was_told_since(tx: ReadTx, who: str, since: datetime) -> bool:
    """Whether a burst of theirs was noted since then; the newest lines only are looked at."""
    return bool(
        tx.all(
            Seen,
            "SELECT seq FROM audit WHERE severity = 'critical' AND action = 'access.burst' AND subject = :who"
            " AND at >= :since ORDER BY seq DESC LIMIT 1",
            {"who": who, "since": since},
        )
    )


def first_at_or_after(tx: ReadTx, instant: datetime, last: int) -> int:
    """The first line of that instant or later; lines are in the order of time, so it is found by halving."""
    low, high = 1, last + 1
    while low < high:
        middle = (low + high) // 2
        found = tx.maybe(At, "SELECT at FROM audit WHERE seq >= :seq ORDER BY seq LIMIT 1", {"seq": middle})
        if found is not None and found.at < instant:
            low = middle + 1
        else:
            high = middle
    return low


def accesses(tx: ReadTx, first: int, last: int, days: int) -> list[Access]:
    """Staff's looks at patients' records. `has_visit`: the doctor treats the patient at that time, or the patient has a visit
    within so many days of it."""
    return tx.all(
        Access,
        "SELECT a.seq, a.at, a.actor, d.first_name || ' ' || d.last_name AS actor_name, d.last_name AS actor_last_name,"
        " a.role, a.patient_id, p.last_name AS patient_last_name,"
        " EXISTS (SELECT 1 FROM care_relation c WHERE c.practitioner_id = r.person_id AND c.patient_id = a.patient_id"
        "   AND c.since_at <= a.at AND (c.until_at IS NULL OR c.until_at >= a.at))"
        " OR EXISTS (SELECT 1 FROM appointment v WHERE v.patient_id = a.patient_id AND a.role <> 'doctor'"
        "   AND v.starts_at BETWEEN strftime('%Y-%m-%dT%H:%M:%fZ', a.at, '-' || :days || ' days')"
        "   AND strftime('%Y-%m-%dT%H:%M:%fZ', a.at, '+' || :days || ' days')) AS has_visit"
        " FROM audit a JOIN patient p ON p.id = a.patient_id"
        " LEFT JOIN account_role r ON r.account_id = a.actor AND r.role = a.role"
        " LEFT JOIN practitioner d ON d.id = r.person_id"
        " WHERE a.seq >= :first AND a.seq <= :last AND a.patient_id IS NOT NULL AND a.outcome = 'done'"
        " AND a.role IN ('doctor', 'assistant', 'pharmacist', 'admin') AND a.action GLOB '*.accessed' ORDER BY a.seq DESC",
        {"first": first, "last": last, "days": days},
    )
