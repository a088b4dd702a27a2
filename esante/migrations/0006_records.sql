-- The chart: consultations, prescriptions, and what is known of a patient (allergies, conditions, immunizations).
-- What was written is never removed, and what is sealed is never changed: the triggers hold it, whoever writes.

CREATE TABLE consultation (
    id                   TEXT PRIMARY KEY,
    appointment_id       TEXT UNIQUE REFERENCES appointment (id),
    patient_id           TEXT NOT NULL REFERENCES patient (id),
    practitioner_id      TEXT REFERENCES practitioner (id),
    workplace_id         TEXT REFERENCES workplace (id),
    type                 TEXT NOT NULL CHECK (type IN ('in_person', 'follow_up', 'referral', 'emergency', 'remote', 'procedure')),
    status               TEXT NOT NULL CHECK (status IN ('draft', 'completed', 'entered_in_error')),
    started_at           TEXT NOT NULL,
    ended_at             TEXT,
    started_precision    TEXT NOT NULL DEFAULT 'instant' CHECK (started_precision IN ('instant', 'day', 'month', 'year', 'unknown')),
    chief_complaint      TEXT,
    symptoms             TEXT NOT NULL DEFAULT '[]' CHECK (json_type(symptoms) = 'array'),
    vitals               TEXT CHECK (vitals IS NULL OR json_type(vitals) = 'object'),
    examination          TEXT,
    diagnosis            TEXT,
    diagnosis_code       TEXT,
    notes                TEXT,
    additional_notes     TEXT,               -- private to the author
    follow_up_required   INTEGER NOT NULL DEFAULT 0 CHECK (follow_up_required IN (0, 1)),
    follow_up_on         TEXT,
    follow_up_notes      TEXT,
    shared_with_patient  INTEGER NOT NULL DEFAULT 0 CHECK (shared_with_patient IN (0, 1)),
    source               TEXT NOT NULL DEFAULT 'desk' CHECK (source IN ('desk', 'import')),
    version              INTEGER NOT NULL DEFAULT 1,
    created_at           TEXT NOT NULL,
    updated_at           TEXT NOT NULL,
    completed_at         TEXT,
    can_edit_until       TEXT,               -- set by completion; the seal
    sealed_at            TEXT,               -- announced; the seal itself does not wait for it
    error_at             TEXT,
    error_reason         TEXT,
    CHECK (source = 'import' OR (appointment_id IS NOT NULL AND practitioner_id IS NOT NULL)),
    CHECK (status <> 'completed' OR can_edit_until IS NOT NULL),
    CHECK (status <> 'entered_in_error' OR error_reason IS NOT NULL)
) STRICT;
CREATE INDEX consultation_patient ON consultation (patient_id, started_at);
CREATE INDEX consultation_practitioner ON consultation (practitioner_id, started_at);
CREATE INDEX consultation_time ON consultation (started_at, id);

CREATE TRIGGER consultation_is_sealed
BEFORE UPDATE OF id, appointment_id, patient_id, practitioner_id, workplace_id, type, started_at, ended_at, started_precision,
    chief_complaint, symptoms, vitals, examination, diagnosis, diagnosis_code, notes, additional_notes, follow_up_required,
    follow_up_on, follow_up_notes, shared_with_patient, source, created_at, completed_at ON consultation
WHEN OLD.can_edit_until IS NOT NULL AND (NEW.updated_at >= OLD.can_edit_until OR NEW.updated_at < OLD.updated_at)
BEGIN SELECT RAISE(ABORT, 'this consultation is sealed'); END;
CREATE TRIGGER consultation_change_counts
BEFORE UPDATE OF chief_complaint, symptoms, vitals, examination, diagnosis, diagnosis_code, notes, additional_notes, type,
    follow_up_required, follow_up_on, follow_up_notes, shared_with_patient ON consultation
WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'a change of a consultation counts its version up'); END;
CREATE TRIGGER consultation_seal_stays
BEFORE UPDATE OF can_edit_until ON consultation
WHEN OLD.can_edit_until IS NOT NULL AND (NEW.can_edit_until IS NULL OR NEW.can_edit_until > OLD.can_edit_until)
BEGIN SELECT RAISE(ABORT, 'the seal of a consultation is never put off'); END;
CREATE TRIGGER consultation_error_stays
BEFORE UPDATE OF status ON consultation
WHEN OLD.status = 'entered_in_error' OR (OLD.status = 'completed' AND NEW.status = 'draft')
BEGIN SELECT RAISE(ABORT, 'a consultation does not go back to that state'); END;
CREATE TRIGGER consultation_is_kept BEFORE DELETE ON consultation
BEGIN SELECT RAISE(ABORT, 'a consultation is never removed'); END;

CREATE TABLE consultation_history (
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    version         INTEGER NOT NULL,
    action          TEXT NOT NULL CHECK (action IN ('created', 'updated', 'completed', 'entered_in_error', 'imported')),
    at              TEXT NOT NULL,
    by              TEXT NOT NULL,
    snapshot        TEXT NOT NULL CHECK (json_valid(snapshot)),
    PRIMARY KEY (consultation_id, version)
) STRICT;
CREATE TRIGGER consultation_history_is_not_changed BEFORE UPDATE ON consultation_history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER consultation_history_is_kept BEFORE DELETE ON consultation_history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

CREATE TABLE consultation_addendum (
    id              TEXT PRIMARY KEY,
    consultation_id TEXT NOT NULL REFERENCES consultation (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    text            TEXT NOT NULL CHECK (length(text) BETWEEN 1 AND 5000),
    is_private      INTEGER NOT NULL DEFAULT 0 CHECK (is_private IN (0, 1)),
    created_at      TEXT NOT NULL
) STRICT;
CREATE INDEX consultation_addendum_of ON consultation_addendum (consultation_id, created_at);
CREATE TRIGGER consultation_addendum_is_not_changed BEFORE UPDATE ON consultation_addendum
BEGIN SELECT RAISE(ABORT, 'an addendum is append-only'); END;
CREATE TRIGGER consultation_addendum_is_kept BEFORE DELETE ON consultation_addendum
BEGIN SELECT RAISE(ABORT, 'an addendum is append-only'); END;

CREATE TABLE prescription (
    id                TEXT PRIMARY KEY,
    consultation_id   TEXT REFERENCES consultation (id),
    patient_id        TEXT NOT NULL REFERENCES patient (id),
    practitioner_id   TEXT REFERENCES practitioner (id),
    number            INTEGER NOT NULL CHECK (number >= 1),
    status            TEXT NOT NULL CHECK (status IN ('active', 'completed', 'cancelled', 'superseded')),
    issued_at         TEXT NOT NULL,
    issued_precision  TEXT NOT NULL DEFAULT 'instant' CHECK (issued_precision IN ('instant', 'day', 'month', 'year', 'unknown')),
    ends_on           TEXT NOT NULL,          -- the last day on which it counts as running
    reason            TEXT,                   -- why there is no consultation
    lines             TEXT NOT NULL CHECK (json_type(lines) = 'array' AND json_array_length(lines) >= 1),
    general_note      TEXT,
    pharmacy          TEXT,
    status_reason     TEXT,
    superseded_by     TEXT REFERENCES prescription (id),
    source            TEXT NOT NULL DEFAULT 'desk' CHECK (source IN ('desk', 'import')),
    version           INTEGER NOT NULL DEFAULT 1,
    created_at        TEXT NOT NULL,
    updated_at        TEXT NOT NULL,
    can_edit_until    TEXT NOT NULL,          -- the lock
    lock_announced_at TEXT,                   -- told to the world; the lock itself does not wait for it
    CHECK (source = 'import' OR (practitioner_id IS NOT NULL AND (consultation_id IS NOT NULL OR reason IS NOT NULL))),
    CHECK (status <> 'cancelled' OR status_reason IS NOT NULL),
    CHECK (status <> 'superseded' OR superseded_by IS NOT NULL)
) STRICT;
CREATE INDEX prescription_patient ON prescription (patient_id, issued_at);
CREATE INDEX prescription_practitioner ON prescription (practitioner_id, issued_at);
CREATE INDEX prescription_time ON prescription (issued_at, id);
CREATE UNIQUE INDEX prescription_number ON prescription (consultation_id, number) WHERE consultation_id IS NOT NULL;

CREATE TRIGGER prescription_is_locked
BEFORE UPDATE OF id, consultation_id, patient_id, practitioner_id, number, issued_at, issued_precision, ends_on, reason, lines,
    general_note, pharmacy, source, created_at ON prescription
WHEN NEW.updated_at >= OLD.can_edit_until OR NEW.updated_at < OLD.updated_at
BEGIN SELECT RAISE(ABORT, 'this prescription is locked'); END;
CREATE TRIGGER prescription_change_counts
BEFORE UPDATE OF lines, general_note, pharmacy, reason, ends_on, status, status_reason, superseded_by ON prescription
WHEN NEW.version <> OLD.version + 1
BEGIN SELECT RAISE(ABORT, 'a change of a prescription counts its version up'); END;
CREATE TRIGGER prescription_lock_stays
BEFORE UPDATE OF can_edit_until ON prescription WHEN NEW.can_edit_until > OLD.can_edit_until
BEGIN SELECT RAISE(ABORT, 'the lock of a prescription is never put off'); END;
CREATE TRIGGER prescription_end_stays
BEFORE UPDATE OF status ON prescription WHEN OLD.status <> 'active'
BEGIN SELECT RAISE(ABORT, 'this prescription has ended'); END;
CREATE TRIGGER prescription_is_kept BEFORE DELETE ON prescription
BEGIN SELECT RAISE(ABORT, 'a prescription is never removed'); END;

CREATE TABLE prescription_history (
    id              TEXT PRIMARY KEY,
    prescription_id TEXT NOT NULL REFERENCES prescription (id),
    version         INTEGER NOT NULL,
    action          TEXT NOT NULL CHECK (action IN ('created', 'updated', 'locked', 'completed', 'cancelled', 'superseded', 'imported')),
    at              TEXT NOT NULL,
    by              TEXT NOT NULL,
    snapshot        TEXT NOT NULL CHECK (json_valid(snapshot))
) STRICT;
CREATE INDEX prescription_history_of ON prescription_history (prescription_id, id);
CREATE TRIGGER prescription_history_is_not_changed BEFORE UPDATE ON prescription_history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;
CREATE TRIGGER prescription_history_is_kept BEFORE DELETE ON prescription_history
BEGIN SELECT RAISE(ABORT, 'history is append-only'); END;

CREATE TABLE allergy (
    id              TEXT PRIMARY KEY,
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    consultation_id TEXT REFERENCES consultation (id),
    substance       TEXT NOT NULL,
    code            TEXT,
    code_system     TEXT,
    category        TEXT,
    criticality     TEXT,
    reactions       TEXT NOT NULL DEFAULT '[]' CHECK (json_type(reactions) = 'array'),
    severity        TEXT,
    clinical_status TEXT,
    verification    TEXT,
    onset           TEXT,                     -- as it is known: a year, a month, a day or an instant
    recorded        TEXT,
    note            TEXT,
    source          TEXT NOT NULL CHECK (source IN ('desk', 'import')),
    created_at      TEXT NOT NULL
) STRICT;
CREATE INDEX allergy_patient ON allergy (patient_id);

CREATE TABLE condition (
    id              TEXT PRIMARY KEY,
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    consultation_id TEXT REFERENCES consultation (id),
    name            TEXT NOT NULL,
    code            TEXT,
    code_system     TEXT,
    category        TEXT,
    severity        TEXT,
    clinical_status TEXT,
    verification    TEXT,
    onset           TEXT,
    abated          TEXT,
    recorded        TEXT,
    note            TEXT,
    source          TEXT NOT NULL CHECK (source IN ('desk', 'import')),
    created_at      TEXT NOT NULL
) STRICT;
CREATE INDEX condition_patient ON condition (patient_id);
CREATE INDEX condition_consultation ON condition (consultation_id) WHERE consultation_id IS NOT NULL;

CREATE TABLE immunization (
    id              TEXT PRIMARY KEY,
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    consultation_id TEXT REFERENCES consultation (id),
    vaccine         TEXT NOT NULL,
    code            TEXT,
    code_system     TEXT,
    status          TEXT NOT NULL,
    occurred        TEXT,
    lot_number      TEXT,
    dose            TEXT,
    site            TEXT,
    route           TEXT,
    note            TEXT,
    source          TEXT NOT NULL CHECK (source IN ('desk', 'import')),
    created_at      TEXT NOT NULL
) STRICT;
CREATE INDEX immunization_patient ON immunization (patient_id);
