"""From visits to iCalendar text: pure computation."""

from collections.abc import Iterable

from icalendar import Calendar, Event

from esante.scheduling.calendars.structs import Entry

PRODUCT = "-//esante//esante//EN"
TENTATIVE = frozenset({"pending"})
CANCELLED = frozenset({"cancelled", "rejected", "expired", "no_show"})


def calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """A whole calendar of these visits."""
    made = Calendar()
    made.add("prodid", PRODUCT)
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("x-wr-calname", name)
    for entry in entries:
        made.add_component(_event(entry))
    written: bytes = made.to_ical()
    return written


def _event(entry: Entry) -> Event:
    made = Event()
    made.add("uid", f"{entry.id}@esante")
    made.add("sequence", entry.version - 1)
    made.add("dtstamp", entry.updated_at)
    made.add("created", entry.created_at)
    made.add("last-modified", entry.updated_at)
    made.add("dtstart", entry.starts_at)
    made.add("dtend", entry.ends_at)
    made.add("summary", entry.summary)
    made.add("status", _status(entry.status))
    if entry.place:
        made.add("location", entry.place)
    if entry.description:
        made.add("description", entry.description)
    return made


def _status(status: str) -> str:
    if status in TENTATIVE:
        return "TENTATIVE"
    return "CANCELLED" if status in CANCELLED else "CONFIRMED"
