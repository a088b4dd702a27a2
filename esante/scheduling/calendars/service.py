"""The use cases of calendars (SPEC SC-27)."""

from datetime import timedelta

from esante.kernel import one_time
from esante.kernel.errors import NotFound
from esante.kernel.structs import new_id
from esante.kernel.transaction import LookTx, ReadTx, WriteTx
from esante.people import service as people
from esante.scheduling import policy, visits
from esante.scheduling.calendars import ics, store
from esante.scheduling.calendars.structs import Entry, Feed, FeedId, FeedRow
from esante.scheduling.events import AppointmentAccessed, CalendarFeedMade, CalendarFeedRead, CalendarFeedRevoked
from esante.scheduling.structs import AppointmentId
from esante.workplaces import service as workplaces

PATH = "/api/v1/doctors/calendar-feed/"
DAYS_BACK, DAYS_AHEAD = 30, 365
MOST = 10_000
HIDDEN = "There is no such calendar"


def visit_as_ics(tx: LookTx, appointment_id: AppointmentId) -> bytes:
    """One visit as an iCalendar file, for whoever may see it: with whom and where, without its reason."""
    kept = visits.visit(tx, appointment_id)
    policy.may_see(tx, kept)
    who = people.practitioner_brief(tx, kept.practitioner_id)
    site = workplaces.workplace(tx, kept.workplace_id)
    room = workplaces.room(tx, kept.room_id).name if kept.room_id else None
    place = ", ".join(part for part in (site.name, room, site.street, site.city) if part)
    tx.record(AppointmentAccessed(subject=kept.id, patient_id=kept.patient_id))
    entry = Entry(
        id=kept.id,
        summary=f"{kept.type_name} – {who.first_name} {who.last_name}",
        starts_at=kept.starts_at,
        ends_at=kept.ends_at,
        status=kept.status,
        place=None if kept.is_remote else place,
        description=kept.remote_text if kept.is_remote else None,
        version=kept.version,
        created_at=kept.created_at,
        updated_at=kept.updated_at,
    )
    return ics.calendar(tx.settings.clinic_name, [entry])


def make_feed(tx: WriteTx) -> Feed:
    """A new link to one's own agenda; the one before is dead from now on."""
    whose = policy.may_keep_feed(tx)
    store.revoke_feed(tx, whose)
    made = FeedRow(
        id=FeedId(new_id()), practitioner_id=whose, salt=one_time.new_salt(), created_at=tx.now, revoked_at=None
    )
    store.insert_feed(tx, made)
    tx.record(CalendarFeedMade(subject=whose))
    return _shown(tx, made)


def show_feed(tx: ReadTx) -> Feed:
    """One's own link; `NotFound` when there is none."""
    whose = policy.may_keep_feed(tx)
    found = store.feed_of(tx, whose)
    if found is None:
        raise NotFound(HIDDEN)
    return _shown(tx, found)


def revoke_feed(tx: WriteTx) -> None:
    """The link is dead at once; `NotFound` when there is none."""
    whose = policy.may_keep_feed(tx)
    if not store.revoke_feed(tx, whose):
        raise NotFound(HIDDEN)
    tx.record(CalendarFeedRevoked(subject=whose))


def read_feed(tx: LookTx, token: str) -> bytes:
    """The agenda behind a link: a month back, a year ahead; initials, no names. No policy: the link is the right to it.

    A link that was revoked, guessed or cut is `NotFound`.
    """
    found = store.feed(tx, FeedId(one_time.row_of(token)))
    if found is None or not one_time.same(token, _token(tx, found)):
        raise NotFound(HIDDEN)
    who = people.practitioner_brief(tx, found.practitioner_id)
    begin, end = tx.now - timedelta(days=DAYS_BACK), tx.now + timedelta(days=DAYS_AHEAD)
    rows = store.agenda(tx, found.practitioner_id, begin, end, MOST)
    tx.record(CalendarFeedRead(subject=found.practitioner_id, count=len(rows)))
    entries = (
        Entry(
            id=row.id,
            summary=f"{row.type_name} – {row.initials}",
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            status=row.status,
            place=row.room_name,
            description=None,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    )
    return ics.calendar(f"{who.first_name} {who.last_name}", entries)


def _shown(tx: ReadTx, row: FeedRow) -> Feed:
    return Feed(practitioner_id=row.practitioner_id, path=PATH + _token(tx, row), created_at=row.created_at)


def _token(tx: ReadTx, row: FeedRow) -> str:
    return tx.secrets.token("calendar-feed", row.id, row.salt)
