-- The same rules in words that cost less: SQLite builds a table anew for every list of three values that it checks.

CREATE TABLE occupancy_checked (
    resource_kind   TEXT NOT NULL CHECK (resource_kind = 'practitioner' OR resource_kind = 'room' OR resource_kind = 'patient'),
    resource_id     TEXT NOT NULL,
    starts_at       TEXT NOT NULL,
    ends_at         TEXT NOT NULL CHECK (starts_at < ends_at),
    appointment_id  TEXT NOT NULL,
    source          TEXT NOT NULL DEFAULT 'appointment' CHECK (source = 'appointment' OR source = 'request' OR source = 'offer'),
    hold_until      TEXT,             -- free again from this instant
    override_reason TEXT,             -- a person at the desk said why this may overlap
    PRIMARY KEY (resource_kind, resource_id, starts_at, appointment_id),
    -- No row is longer than a day, so that an overlap is found by looking one day back.
    CHECK (ends_at <= strftime('%Y-%m-%dT%H:%M:%fZ', starts_at, '+1 day'))
) STRICT, WITHOUT ROWID;
INSERT INTO occupancy_checked SELECT * FROM occupancy;
DROP TABLE occupancy;
ALTER TABLE occupancy_checked RENAME TO occupancy;

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
