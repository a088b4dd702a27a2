-- Scheduling, complete: buffers, remote visits, wishes to move, the waiting list, calendars, reminders, the kiosk.

ALTER TABLE appointment_type ADD COLUMN buffer_minutes INTEGER CHECK (buffer_minutes BETWEEN 0 AND 120);
ALTER TABLE appointment_type ADD COLUMN requires_referral INTEGER NOT NULL DEFAULT 0 CHECK (requires_referral IN (0, 1));
ALTER TABLE appointment_type ADD COLUMN is_remote INTEGER NOT NULL DEFAULT 0 CHECK (is_remote IN (0, 1));
ALTER TABLE appointment_type ADD COLUMN remote_text TEXT;

-- What a type costs with one practitioner, where that is not the type's own price.
CREATE TABLE appointment_type_price (
    type_id         TEXT NOT NULL REFERENCES appointment_type (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    price_minor     INTEGER NOT NULL CHECK (price_minor >= 0),
    updated_at      TEXT NOT NULL,
    PRIMARY KEY (type_id, practitioner_id)
) STRICT, WITHOUT ROWID;

ALTER TABLE appointment ADD COLUMN symptoms TEXT CHECK (length(symptoms) <= 2000);
ALTER TABLE appointment ADD COLUMN notes TEXT CHECK (length(notes) <= 1000);
ALTER TABLE appointment ADD COLUMN is_remote INTEGER NOT NULL DEFAULT 0 CHECK (is_remote IN (0, 1));
ALTER TABLE appointment ADD COLUMN remote_text TEXT;                       -- a link, a telephone number
ALTER TABLE appointment ADD COLUMN buffer_minutes INTEGER NOT NULL DEFAULT 0;  -- the practitioner and the room stay taken so long after the end
ALTER TABLE appointment ADD COLUMN series_id TEXT;
ALTER TABLE appointment ADD COLUMN settled_at TEXT;                        -- since when the patient knows this start: a reminder due earlier is not sent
ALTER TABLE appointment ADD COLUMN checked_in_at TEXT;
UPDATE appointment SET settled_at = created_at WHERE status <> 'pending';
CREATE INDEX appointment_series ON appointment (series_id) WHERE series_id IS NOT NULL;
DROP INDEX appointment_hold;

-- What an appointment said before it was edited, under the version it had.
CREATE TABLE appointment_version (
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    version        INTEGER NOT NULL,
    body           TEXT NOT NULL CHECK (json_valid(body)),
    replaced_at    TEXT NOT NULL,
    replaced_by    TEXT NOT NULL,
    PRIMARY KEY (appointment_id, version)
) STRICT, WITHOUT ROWID;

-- Time that is taken, or held: by an appointment, by an open wish to move it, by an offer from the waiting list. One row for
-- each resource, clustered by what it is asked for: whose time, and when. An offer carries the id of the appointment to be.
CREATE TABLE occupancy_clustered (
    resource_kind   TEXT NOT NULL CHECK (resource_kind IN ('practitioner', 'room', 'patient')),
    resource_id     TEXT NOT NULL,
    starts_at       TEXT NOT NULL,
    ends_at         TEXT NOT NULL CHECK (starts_at < ends_at),
    appointment_id  TEXT NOT NULL,
    source          TEXT NOT NULL DEFAULT 'appointment' CHECK (source IN ('appointment', 'request', 'offer')),
    hold_until      TEXT,             -- free again from this instant
    override_reason TEXT,             -- a person at the desk said why this may overlap
    PRIMARY KEY (resource_kind, resource_id, starts_at, appointment_id),
    -- No row is longer than a day, so that an overlap is found by looking one day back.
    CHECK (ends_at <= strftime('%Y-%m-%dT%H:%M:%fZ', starts_at, '+1 day'))
) STRICT, WITHOUT ROWID;
INSERT INTO occupancy_clustered (resource_kind, resource_id, starts_at, ends_at, appointment_id, hold_until, override_reason)
    SELECT resource_kind, resource_id, starts_at, ends_at, appointment_id, hold_until, override_reason FROM occupancy;
DROP TABLE occupancy;
ALTER TABLE occupancy_clustered RENAME TO occupancy;

-- The same visit may hold a second time beside its own; nobody else's.
CREATE TRIGGER occupancy_is_free BEFORE INSERT ON occupancy
WHEN NEW.override_reason IS NULL AND EXISTS (
    SELECT 1 FROM occupancy
    WHERE resource_kind = NEW.resource_kind AND resource_id = NEW.resource_id
      AND starts_at < NEW.ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', NEW.starts_at, '-1 day')
      AND ends_at > NEW.starts_at AND appointment_id <> NEW.appointment_id)
BEGIN SELECT RAISE(ABORT, 'occupied: ' || NEW.resource_kind); END;

CREATE TRIGGER occupancy_stays_free BEFORE UPDATE ON occupancy
WHEN NEW.override_reason IS NULL AND EXISTS (
    SELECT 1 FROM occupancy
    WHERE resource_kind = NEW.resource_kind AND resource_id = NEW.resource_id
      AND starts_at < NEW.ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', NEW.starts_at, '-1 day')
      AND ends_at > NEW.starts_at AND appointment_id <> NEW.appointment_id)
BEGIN SELECT RAISE(ABORT, 'occupied: ' || NEW.resource_kind); END;

-- A patient's wish to move a visit: the new time is held while the request is open.
CREATE TABLE reschedule_request (
    id              TEXT PRIMARY KEY,
    appointment_id  TEXT NOT NULL REFERENCES appointment (id),
    starts_at       TEXT NOT NULL,
    ends_at         TEXT NOT NULL CHECK (starts_at < ends_at),
    room_id         TEXT REFERENCES room (id),
    reason          TEXT,
    status          TEXT NOT NULL CHECK (status IN ('open', 'approved', 'rejected', 'withdrawn', 'lapsed')),
    hold_until      TEXT NOT NULL,
    decision_reason TEXT,
    decided_at      TEXT,
    decided_by      TEXT,
    created_at      TEXT NOT NULL,
    created_by      TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX reschedule_request_open ON reschedule_request (appointment_id) WHERE status = 'open';
CREATE INDEX reschedule_request_of ON reschedule_request (appointment_id, id);

-- Who waits for a time to come free, and what was offered.
CREATE TABLE waitlist_entry (
    id              TEXT PRIMARY KEY,
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    practitioner_id TEXT REFERENCES practitioner (id),
    specialty       TEXT,
    specialty_key   TEXT,
    type_id         TEXT NOT NULL REFERENCES appointment_type (id),
    from_on         TEXT NOT NULL,             -- the window: local days, both included
    to_on           TEXT NOT NULL CHECK (from_on <= to_on),
    part_of_day     TEXT CHECK (part_of_day IN ('morning', 'afternoon', 'evening')),
    urgency         TEXT NOT NULL CHECK (urgency IN ('routine', 'soon', 'urgent')),
    rank            INTEGER NOT NULL CHECK (rank BETWEEN 0 AND 2),  -- of the urgency: the lowest is first in line
    reason          TEXT,
    status          TEXT NOT NULL CHECK (status IN ('waiting', 'offered', 'accepted', 'declined', 'expired', 'withdrawn')),
    offered_practitioner_id TEXT REFERENCES practitioner (id),
    offered_room_id TEXT REFERENCES room (id),
    offered_at      TEXT,
    offer_starts_at TEXT,
    offer_ends_at   TEXT,
    offer_until     TEXT,
    appointment_id  TEXT,                      -- of the visit to be; it exists once the offer is accepted
    created_at      TEXT NOT NULL,
    created_by      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    CHECK ((practitioner_id IS NULL) <> (specialty_key IS NULL)),
    CHECK (status NOT IN ('offered', 'accepted', 'declined', 'expired') OR offer_until IS NOT NULL)
) STRICT;
CREATE INDEX waitlist_entry_line ON waitlist_entry (rank, created_at, id) WHERE status = 'waiting';
CREATE INDEX waitlist_entry_patient ON waitlist_entry (patient_id, id);
CREATE UNIQUE INDEX waitlist_entry_visit ON waitlist_entry (appointment_id) WHERE appointment_id IS NOT NULL;

-- Which reminders of which start were sent; `overtaken` by a nearer one while the clinic was not running.
CREATE TABLE reminder (
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    starts_at      TEXT NOT NULL,
    minutes        INTEGER NOT NULL CHECK (minutes > 0),
    outcome        TEXT NOT NULL CHECK (outcome IN ('due', 'overtaken')),
    noted_at       TEXT NOT NULL,
    PRIMARY KEY (appointment_id, starts_at, minutes)
) STRICT, WITHOUT ROWID;

-- A practitioner's agenda for other calendars: whoever has the link reads it, until it is revoked.
CREATE TABLE calendar_feed (
    id              TEXT PRIMARY KEY,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    salt            BLOB NOT NULL CHECK (length(salt) = 16),
    created_at      TEXT NOT NULL,
    revoked_at      TEXT
) STRICT;
CREATE UNIQUE INDEX calendar_feed_live ON calendar_feed (practitioner_id) WHERE revoked_at IS NULL;

-- Somebody at the kiosk: known by mobile number, birth date and a code.
CREATE TABLE kiosk_visit (
    id         TEXT PRIMARY KEY,
    patient_id TEXT REFERENCES patient (id),   -- none when nobody fits: the kiosk does not tell
    salt       BLOB NOT NULL CHECK (length(salt) = 16),
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    opened_at  TEXT,
    ends_at    TEXT NOT NULL
) STRICT;
CREATE INDEX kiosk_visit_patient ON kiosk_visit (patient_id, created_at) WHERE patient_id IS NOT NULL;
CREATE INDEX kiosk_visit_end ON kiosk_visit (ends_at);
