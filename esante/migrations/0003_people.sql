-- Patients, practitioners, and who cares for whom.

CREATE TABLE patient (
    number             INTEGER PRIMARY KEY,         -- the row of patient_search
    id                 TEXT NOT NULL UNIQUE,
    first_name         TEXT NOT NULL,
    last_name          TEXT NOT NULL,
    sort_name          TEXT NOT NULL,               -- folded: the order of lists
    birth_date         TEXT,
    gender             TEXT CHECK (gender IN ('male', 'female', 'other')),
    email              TEXT,
    mobile_number      TEXT,                        -- as written
    mobile_e164        TEXT,
    address            TEXT CHECK (json_valid(address)),
    nationality        TEXT,
    language           TEXT,
    blood_type         TEXT CHECK (blood_type IN ('A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-')),
    allergies          TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(allergies)),
    chronic_diseases   TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(chronic_diseases)),
    current_medication TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(current_medication)),
    medical_history    TEXT,
    contacts           TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(contacts)),
    insurances         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(insurances)),
    guardian_id        TEXT REFERENCES patient (id) CHECK (guardian_id <> id),
    source             TEXT NOT NULL CHECK (source IN ('self', 'desk', 'import')),
    version            INTEGER NOT NULL DEFAULT 1,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    archived_at        TEXT
) STRICT;
CREATE UNIQUE INDEX patient_mobile ON patient (mobile_e164)
    WHERE mobile_e164 IS NOT NULL AND archived_at IS NULL AND source <> 'import';
CREATE INDEX patient_order ON patient (sort_name, id) WHERE archived_at IS NULL;
CREATE INDEX patient_guardian ON patient (guardian_id) WHERE guardian_id IS NOT NULL;

-- Names, mobile digits, e-mail and birth date, folded; prefixes of two and three letters are indexed.
CREATE VIRTUAL TABLE patient_search USING fts5 (
    words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);

-- What a patient's row said before each change, under the version it had.
CREATE TABLE patient_version (
    patient_id  TEXT NOT NULL REFERENCES patient (id),
    version     INTEGER NOT NULL,
    body        TEXT NOT NULL CHECK (json_valid(body)),
    replaced_at TEXT NOT NULL,
    replaced_by TEXT NOT NULL,
    PRIMARY KEY (patient_id, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE practitioner (
    id                TEXT PRIMARY KEY,
    title             TEXT,
    first_name        TEXT NOT NULL,
    last_name         TEXT NOT NULL,
    sort_name         TEXT NOT NULL,
    specialty         TEXT NOT NULL,
    specialty_key     TEXT NOT NULL,                -- folded: cardiology and Cardiologie's accents do not hide anybody
    subspecialty      TEXT,
    licence_number    TEXT,
    licence_authority TEXT,
    experience_years  INTEGER,
    education         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(education)),
    languages         TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(languages)),
    insurances        TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(insurances)),
    about             TEXT,
    city              TEXT,
    city_key          TEXT,
    fee_minor         INTEGER CHECK (fee_minor >= 0),
    email             TEXT,
    mobile_number     TEXT,
    mobile_e164       TEXT,
    status            TEXT NOT NULL CHECK (status IN ('pending', 'approved', 'rejected', 'suspended')),
    source            TEXT NOT NULL CHECK (source IN ('self', 'desk', 'import')),
    version           INTEGER NOT NULL DEFAULT 1,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    archived_at       TEXT
) STRICT;
CREATE UNIQUE INDEX practitioner_licence ON practitioner (licence_authority, licence_number)
    WHERE licence_number IS NOT NULL AND archived_at IS NULL AND source <> 'import';
CREATE INDEX practitioner_order ON practitioner (status, sort_name, id);

CREATE TABLE practitioner_decision (
    id              TEXT PRIMARY KEY,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    decision        TEXT NOT NULL CHECK (decision IN ('submitted', 'approved', 'rejected', 'suspended')),
    reason          TEXT,
    decided_by      TEXT NOT NULL,
    decided_at      TEXT NOT NULL
) STRICT;
CREATE INDEX practitioner_decision_of ON practitioner_decision (practitioner_id, id);

CREATE TABLE care_relation (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    source_id       TEXT NOT NULL UNIQUE,
    source          TEXT NOT NULL,
    since_at        TEXT NOT NULL,
    until_at        TEXT,                           -- none: as long as what opened it goes on
    PRIMARY KEY (practitioner_id, patient_id, source_id)
) STRICT, WITHOUT ROWID;
