-- Scheduling: what can be booked, when practitioners are there, appointments, and the time that is taken.

CREATE TABLE appointment_type (
    id               TEXT PRIMARY KEY,
    name             TEXT NOT NULL,
    price_minor      INTEGER NOT NULL CHECK (price_minor >= 0),
    currency         TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL CHECK (duration_minutes BETWEEN 5 AND 480 AND duration_minutes % 5 = 0),
    color            TEXT NOT NULL,
    auto_confirm     INTEGER NOT NULL DEFAULT 0 CHECK (auto_confirm IN (0, 1)),
    room_kind        TEXT CHECK (room_kind IN ('room', 'chair')),
    is_active        INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    version          INTEGER NOT NULL DEFAULT 1,
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX appointment_type_name ON appointment_type (name) WHERE is_active = 1;

CREATE TABLE availability_template (
    id              TEXT PRIMARY KEY,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    workplace_id    TEXT NOT NULL REFERENCES workplace (id),
    weekday         INTEGER NOT NULL CHECK (weekday BETWEEN 1 AND 7),  -- ISO: 1 is Monday
    from_time       TEXT NOT NULL,                                     -- wall time in the clinic's zone
    to_time         TEXT NOT NULL CHECK (from_time < to_time),
    slot_minutes    INTEGER NOT NULL CHECK (slot_minutes BETWEEN 5 AND 240 AND slot_minutes % 5 = 0),
    valid_from      TEXT,
    valid_to        TEXT CHECK (valid_from <= valid_to)
) STRICT;
CREATE INDEX availability_template_practitioner ON availability_template (practitioner_id, weekday);

CREATE TABLE availability_exception (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    day_on          TEXT NOT NULL,
    day_off         INTEGER NOT NULL CHECK (day_off IN (0, 1)),
    extra           TEXT NOT NULL CHECK (json_valid(extra)),  -- [{from, to, slotMinutes}]
    note            TEXT,
    updated_at      TEXT NOT NULL,
    PRIMARY KEY (practitioner_id, day_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE appointment (
    id               TEXT PRIMARY KEY,
    patient_id       TEXT NOT NULL REFERENCES patient (id),
    practitioner_id  TEXT NOT NULL REFERENCES practitioner (id),
    workplace_id     TEXT NOT NULL REFERENCES workplace (id),
    room_id          TEXT REFERENCES room (id),
    type_id          TEXT NOT NULL REFERENCES appointment_type (id),
    type_name        TEXT NOT NULL,                       -- as booked: later changes of the type do not reach it
    price_minor      INTEGER NOT NULL CHECK (price_minor >= 0),
    currency         TEXT NOT NULL,
    starts_at        TEXT NOT NULL,
    ends_at          TEXT NOT NULL CHECK (starts_at < ends_at),
    local_on         TEXT NOT NULL,                       -- the day and wall time of the start in the clinic's zone
    local_time       TEXT NOT NULL,
    status           TEXT NOT NULL CHECK (status IN (
        'pending', 'confirmed', 'checked_in', 'in_progress',
        'completed', 'no_show', 'rejected', 'cancelled', 'expired')),
    hold_until       TEXT CHECK (hold_until IS NOT NULL OR status <> 'pending'),
    reason           TEXT,
    status_reason    TEXT,
    override_reason  TEXT,
    created_via      TEXT NOT NULL CHECK (created_via IN ('patient', 'desk')),
    moves            INTEGER NOT NULL DEFAULT 0,
    entered_in_error INTEGER NOT NULL DEFAULT 0 CHECK (entered_in_error IN (0, 1)),
    version          INTEGER NOT NULL DEFAULT 1,
    created_at       TEXT NOT NULL,
    created_by       TEXT NOT NULL,
    updated_at       TEXT NOT NULL
) STRICT;
CREATE INDEX appointment_day ON appointment (starts_at, id);
CREATE INDEX appointment_practitioner ON appointment (practitioner_id, starts_at, id);
CREATE INDEX appointment_patient ON appointment (patient_id, starts_at, id);
CREATE INDEX appointment_status ON appointment (status, starts_at, id);
CREATE INDEX appointment_hold ON appointment (hold_until) WHERE status = 'pending';

-- One row for each time that an appointment was moved.
CREATE TABLE appointment_move (
    id                 TEXT PRIMARY KEY,
    appointment_id     TEXT NOT NULL REFERENCES appointment (id),
    previous_starts_at TEXT NOT NULL,
    previous_ends_at   TEXT NOT NULL,
    starts_at          TEXT NOT NULL,
    reason             TEXT,
    moved_at           TEXT NOT NULL,
    moved_by           TEXT NOT NULL
) STRICT;
CREATE INDEX appointment_move_appointment ON appointment_move (appointment_id);

-- Time that is taken: one row for each resource of a live appointment. None for an appointment that is over.
CREATE TABLE occupancy (
    appointment_id  TEXT NOT NULL REFERENCES appointment (id),
    resource_kind   TEXT NOT NULL CHECK (resource_kind IN ('practitioner', 'room', 'patient')),
    resource_id     TEXT NOT NULL,
    starts_at       TEXT NOT NULL,
    ends_at         TEXT NOT NULL CHECK (starts_at < ends_at),
    hold_until      TEXT,             -- of a pending appointment: free again from this instant
    override_reason TEXT,             -- a person at the desk said why this may overlap
    PRIMARY KEY (appointment_id, resource_kind),
    -- No row is longer than a day, so that an overlap is found by looking one day back.
    CHECK (ends_at <= strftime('%Y-%m-%dT%H:%M:%fZ', starts_at, '+1 day'))
) STRICT, WITHOUT ROWID;
CREATE INDEX occupancy_resource ON occupancy (resource_kind, resource_id, starts_at, ends_at, hold_until);

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
