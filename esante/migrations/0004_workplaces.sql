-- Workplaces: where people work and are seen, their rooms and chairs, and what assistants may do there.

CREATE TABLE workplace (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('clinic', 'hospital', 'private_practice', 'medical_center', 'home_visits')),
    phone       TEXT,
    email       TEXT,
    website     TEXT,
    description TEXT,
    street      TEXT,
    postal_code TEXT,
    city        TEXT,
    country     TEXT,
    hours       TEXT NOT NULL CHECK (json_valid(hours)),  -- [{weekday, from, to}], wall times in the clinic's zone
    is_primary  INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
    is_active   INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    source      TEXT NOT NULL DEFAULT 'clinic' CHECK (source IN ('clinic', 'import')),
    version     INTEGER NOT NULL DEFAULT 1,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX workplace_primary ON workplace (is_primary) WHERE is_primary = 1;

CREATE TABLE room (
    id           TEXT PRIMARY KEY,
    workplace_id TEXT NOT NULL REFERENCES workplace (id),
    name         TEXT NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('room', 'chair')),
    is_active    INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
    version      INTEGER NOT NULL DEFAULT 1,
    created_at   TEXT NOT NULL,
    updated_at   TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX room_name ON room (workplace_id, name) WHERE is_active = 1;

CREATE TABLE assistant_scope (
    account_id   TEXT NOT NULL REFERENCES account (id),
    workplace_id TEXT NOT NULL REFERENCES workplace (id),
    scope        TEXT NOT NULL CHECK (scope IN (
        'schedule.read', 'schedule.write', 'patient.read', 'patient.write',
        'records.read', 'billing', 'messages', 'documents.upload')),
    granted_at   TEXT NOT NULL,
    PRIMARY KEY (account_id, workplace_id, scope)
) STRICT, WITHOUT ROWID;
