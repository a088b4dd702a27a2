"""Calendars: a stable UID, a SEQUENCE that rises, instants that are right, and a feed that dies when it is revoked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import icalendar

if TYPE_CHECKING:
    from tests.conftest import Clinic

PARIS = ZoneInfo("Europe/Paris")
TEN = "2026-11-18T10:00:00+01:00"
WHY = {"reason": "Because"}


def booked(clinic: Clinic, starts_at: str = TEN) -> dict[str, Any]:
    wish = {
        "practitionerId": clinic.ids["amina"],
        "typeId": clinic.types["consultation"],
        "patientId": clinic.ids["driss"],
        "startsAt": starts_at,
        "reason": "A very private reason",
    }
    answer = clinic.chloe.post("/appointments", json=wish)
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


def events(body: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(body).walk("VEVENT"))


def only(clinic: Clinic, kept: dict[str, Any]) -> Any:
    answer = clinic.driss.get(f"/appointments/{kept['id']}/ics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    (event,) = events(answer.content)
    return event


def test_it_works(clinic: Clinic) -> None:
    event = only(clinic, booked(clinic))
    assert event.decoded("dtstart") == datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
    assert event.decoded("dtend") == datetime(2026, 11, 18, 9, 30, tzinfo=UTC)
    assert "Amina Benali" in str(event["summary"])
    assert str(event["status"]) == "CONFIRMED"
    assert b"private" not in clinic.driss.get(f"/appointments/{str(event['uid']).split('@')[0]}/ics").content


def test_the_uid_stays_and_the_sequence_rises(clinic: Clinic) -> None:
    kept = booked(clinic)
    path = f"/appointments/{kept['id']}"
    seen = [only(clinic, kept)]
    clinic.chloe.post(f"{path}/reschedule", json={"startsAt": "2026-11-18T11:00:00+01:00"})
    seen.append(only(clinic, kept))
    clinic.chloe.patch(path, json={"notes": "Ring"}, headers={"If-Match": '"2"'})
    seen.append(only(clinic, kept))
    clinic.chloe.post(f"{path}/cancel", json=WHY)
    seen.append(only(clinic, kept))
    assert len({str(event["uid"]) for event in seen}) == 1
    assert [event["sequence"] for event in seen] == [0, 1, 2, 3]
    assert [str(event["status"]) for event in seen] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert seen[1].decoded("dtstart") == datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


def feed(clinic: Clinic) -> str:
    answer = clinic.amina.post("/doctors/calendar-feed")
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"]).removeprefix("/api/v1")


def test_a_feed_holds_the_agenda_without_names(clinic: Clinic) -> None:
    kept = booked(clinic)
    path = feed(clinic)
    assert clinic.amina.get("/doctors/calendar-feed").json()["path"].endswith(path)
    answer = clinic.anonymous.get(path)
    assert answer.status_code == 200, answer.text
    (event,) = events(answer.content)
    assert str(event["uid"]) == f"{kept['id']}@esante"
    assert str(event["summary"]) == "Consultation – DE"
    assert b"Driss" not in answer.content
    assert b"private" not in answer.content
    line = clinic.audit("calendar_feed.read")[-1]
    assert (line["subject"], line["actor"], line["detail"]["count"]) == (clinic.ids["amina"], "anonymous", 1)


def test_a_cancelled_visit_stays_as_cancelled_and_an_error_goes(clinic: Clinic) -> None:
    kept, wrong = booked(clinic), booked(clinic, "2026-11-18T14:00:00+01:00")
    clinic.chloe.post(f"/appointments/{kept['id']}/cancel", json=WHY)
    clinic.chloe.delete(f"/appointments/{wrong['id']}")
    (event,) = events(clinic.anonymous.get(feed(clinic)).content)
    assert str(event["status"]) == "CANCELLED"


def test_a_revoked_feed_is_dead_and_a_new_one_kills_the_old(clinic: Clinic) -> None:
    old = feed(clinic)
    new = feed(clinic)
    assert clinic.anonymous.get(old).status_code == 404
    assert clinic.anonymous.get(new).status_code == 200
    assert clinic.amina.delete("/doctors/calendar-feed").status_code == 204
    for path in (old, new, new[:-1], new[:-1] + ("A" if new[-1] != "A" else "B"), "/doctors/calendar-feed/x"):
        assert clinic.anonymous.get(path).status_code == 404
    assert clinic.amina.get("/doctors/calendar-feed").status_code == 404
    assert clinic.amina.delete("/doctors/calendar-feed").status_code == 404


def test_the_link_is_not_kept(clinic: Clinic) -> None:
    secret = feed(clinic).rpartition(".")[2]
    rows = clinic.rows("SELECT hex(salt) AS salt, id FROM calendar_feed")
    assert secret not in str(rows)
    assert secret not in str(clinic.audit())


def test_times_are_right_on_the_days_when_clocks_change(clinic: Clinic) -> None:
    """Ten o'clock in Paris, the Saturday before and the Sunday itself, autumn and spring."""
    clinic.clock.set(datetime(2027, 3, 25, 7, 0, tzinfo=UTC))
    clinic.chloe.sign_in()
    for day in ("2027-03-27", "2027-03-28"):
        booked(clinic, f"{day}T10:00:00")
    clinic.amina.sign_in()
    path = feed(clinic)
    starts = [event.decoded("dtstart") for event in events(clinic.anonymous.get(path).content)]
    assert [start.hour for start in starts] == [9, 8]
    assert [start.astimezone(PARIS).strftime("%d %H:%M") for start in starts] == ["27 10:00", "28 10:00"]
    clinic.clock.set(datetime(2027, 10, 28, 7, 0, tzinfo=UTC))
    clinic.chloe.sign_in()
    for day in ("2027-10-30", "2027-10-31"):
        booked(clinic, f"{day}T10:00:00")
    starts = [event.decoded("dtstart") for event in events(clinic.anonymous.get(path).content)]
    assert [start.hour for start in starts] == [8, 9]


def test_long_lines_and_strange_names_are_written_as_the_standard_wants(clinic: Clinic) -> None:
    kept = booked(clinic)
    clinic.tamper("UPDATE appointment SET type_name = ? WHERE id = ?", "Suivi; très, très long\nÉÀ\\ " * 6, kept["id"])
    raw = clinic.driss.get(f"/appointments/{kept['id']}/ics").content
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    (event,) = events(raw)
    assert "Suivi; très, très long" in str(event["summary"])


def test_strangers(clinic: Clinic) -> None:
    kept = booked(clinic)
    for person in (clinic.emma, clinic.bruno):
        assert person.get(f"/appointments/{kept['id']}/ics").status_code == 404
    assert clinic.anonymous.get(f"/appointments/{kept['id']}/ics").status_code == 401
    for person in (clinic.driss, clinic.chloe, clinic.gwen):
        assert person.post("/doctors/calendar-feed").status_code == 403
    assert clinic.anonymous.get("/doctors/calendar-feed").status_code == 401


def test_only_what_is_near_is_in_the_feed(clinic: Clinic) -> None:
    booked(clinic)
    path = feed(clinic)
    clinic.clock.set(datetime(2026, 11, 18, tzinfo=UTC) + timedelta(days=29))
    assert len(events(clinic.anonymous.get(path).content)) == 1
    clinic.clock.advance(days=2)
    assert events(clinic.anonymous.get(path).content) == []
