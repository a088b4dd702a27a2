-- People, complete: who may be the same person, merging that can be undone, consents, photographs, places of doctors.

-- ---------------------------------------------------------------- what is new of patients and practitioners
ALTER TABLE patient ADD COLUMN merged_into TEXT REFERENCES patient (id);       -- an alias of that one
ALTER TABLE patient ADD COLUMN erased_at TEXT;                                 -- pseudonymised, by law and request
ALTER TABLE patient ADD COLUMN photo_id TEXT;                                  -- a sealed file
ALTER TABLE patient ADD COLUMN keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed IN (0, 1));  -- has its patient_name_key rows
CREATE INDEX patient_merged ON patient (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX patient_not_keyed ON patient (number) WHERE keyed = 0;
CREATE INDEX patient_born ON patient (birth_date) WHERE birth_date IS NOT NULL AND archived_at IS NULL;
CREATE INDEX patient_phone ON patient (mobile_e164) WHERE mobile_e164 IS NOT NULL AND archived_at IS NULL;
CREATE INDEX patient_email ON patient (lower(email)) WHERE email IS NOT NULL AND archived_at IS NULL;

ALTER TABLE practitioner ADD COLUMN photo_id TEXT;
ALTER TABLE practitioner ADD COLUMN latitude REAL CHECK (latitude BETWEEN -90 AND 90);
ALTER TABLE practitioner ADD COLUMN longitude REAL CHECK (longitude BETWEEN -180 AND 180);

-- ---------------------------------------------------------------- finding by any part, and by how a name sounds
CREATE VIRTUAL TABLE patient_part_search USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'trigram'
);
INSERT INTO patient_part_search (rowid, words)
SELECT number, sort_name || ' ' || coalesce(lower(email), '') || ' ' || coalesce(replace(mobile_e164, '+', ''), '')
FROM patient;

-- Under these keys somebody with nearly this name is found: sounds without vowels, in either order, with one letter gone.
CREATE TABLE patient_name_key (
    key    INTEGER NOT NULL,
    number INTEGER NOT NULL REFERENCES patient (number),
    PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX patient_name_key_of ON patient_name_key (number);

-- ---------------------------------------------------------------- merging
CREATE TABLE patient_merge (
    id                TEXT PRIMARY KEY,
    survivor_id       TEXT NOT NULL REFERENCES patient (id),
    other_id          TEXT NOT NULL REFERENCES patient (id) CHECK (other_id <> survivor_id),
    reason            TEXT NOT NULL,
    survivor_before   TEXT NOT NULL CHECK (json_valid(survivor_before)),   -- the survivor's row before
    survivor_after    TEXT NOT NULL CHECK (json_valid(survivor_after)),    -- and after it took what it lacked
    other_archived_at TEXT,
    merged_at         TEXT NOT NULL,
    merged_by         TEXT NOT NULL,
    undone_at         TEXT,
    undone_by         TEXT,
    CHECK ((undone_at IS NULL) = (undone_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX patient_merge_live ON patient_merge (other_id) WHERE undone_at IS NULL;
CREATE INDEX patient_merge_survivor ON patient_merge (survivor_id, merged_at);

-- Which rows of which rooms went to the survivor, and which later ones go to the other when it is undone.
CREATE TABLE patient_merge_row (
    merge_id TEXT NOT NULL REFERENCES patient_merge (id),
    row_id   TEXT NOT NULL,
    kind     TEXT NOT NULL,                 -- the noun: appointment, prescription
    later    INTEGER NOT NULL DEFAULT 0 CHECK (later IN (0, 1)),  -- made after the merge, and chosen for the other
    returned INTEGER NOT NULL DEFAULT 0 CHECK (returned IN (0, 1)),
    PRIMARY KEY (merge_id, row_id, kind)
) STRICT, WITHOUT ROWID;

-- ---------------------------------------------------------------- consents
CREATE TABLE patient_consent (
    id            TEXT PRIMARY KEY,
    patient_id    TEXT NOT NULL REFERENCES patient (id),
    kind          TEXT NOT NULL CHECK (kind IN ('treatment', 'data_processing', 'record_sharing', 'guardianship', 'marketing')),
    text_version  TEXT NOT NULL,
    text          TEXT NOT NULL,
    language      TEXT,
    given_on      TEXT NOT NULL,
    guardian_id   TEXT REFERENCES patient (id),       -- who may go on acting for an adult
    recorded_at   TEXT NOT NULL,
    recorded_by   TEXT NOT NULL,
    recorded_role TEXT NOT NULL,
    revoked_at    TEXT,
    revoked_by    TEXT,
    CHECK ((kind = 'guardianship') = (guardian_id IS NOT NULL)),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;
CREATE INDEX patient_consent_of ON patient_consent (patient_id, id);
CREATE INDEX patient_consent_guardian ON patient_consent (guardian_id, patient_id) WHERE guardian_id IS NOT NULL;
CREATE TRIGGER patient_consent_is_not_changed
BEFORE UPDATE OF id, kind, text_version, text, language, given_on, recorded_at, recorded_by, recorded_role ON patient_consent
BEGIN SELECT RAISE(ABORT, 'a consent is revoked, never changed'); END;
CREATE TRIGGER patient_consent_is_kept BEFORE DELETE ON patient_consent
BEGIN SELECT RAISE(ABORT, 'a consent is revoked, never removed'); END;

-- ---------------------------------------------------------------- what is sealed may still go to another record of its patient
-- The seals hold what was written; whose record it stands in may change, but only along a merge.
DROP TRIGGER consultation_is_sealed;
CREATE TRIGGER consultation_is_sealed
BEFORE UPDATE OF id, appointment_id, practitioner_id, workplace_id, type, started_at, ended_at, started_precision,
    chief_complaint, symptoms, vitals, examination, diagnosis, diagnosis_code, notes, additional_notes, follow_up_required,
    follow_up_on, follow_up_notes, shared_with_patient, source, created_at, completed_at ON consultation
WHEN OLD.can_edit_until IS NOT NULL AND (NEW.updated_at >= OLD.can_edit_until OR NEW.updated_at < OLD.updated_at)
BEGIN SELECT RAISE(ABORT, 'this consultation is sealed'); END;
CREATE TRIGGER consultation_goes_along_a_merge BEFORE UPDATE OF patient_id ON consultation
WHEN NEW.patient_id <> OLD.patient_id AND NOT EXISTS (
    SELECT 1 FROM patient_merge WHERE undone_at IS NULL AND (survivor_id = NEW.patient_id AND other_id = OLD.patient_id
        OR survivor_id = OLD.patient_id AND other_id = NEW.patient_id))
BEGIN SELECT RAISE(ABORT, 'a consultation stays with its patient'); END;

DROP TRIGGER prescription_is_locked;
CREATE TRIGGER prescription_is_locked
BEFORE UPDATE OF id, consultation_id, practitioner_id, number, issued_at, issued_precision, ends_on, reason, lines,
    general_note, pharmacy, source, created_at ON prescription
WHEN NEW.updated_at >= OLD.can_edit_until OR NEW.updated_at < OLD.updated_at
BEGIN SELECT RAISE(ABORT, 'this prescription is locked'); END;
CREATE TRIGGER prescription_goes_along_a_merge BEFORE UPDATE OF patient_id ON prescription
WHEN NEW.patient_id <> OLD.patient_id AND NOT EXISTS (
    SELECT 1 FROM patient_merge WHERE undone_at IS NULL AND (survivor_id = NEW.patient_id AND other_id = OLD.patient_id
        OR survivor_id = OLD.patient_id AND other_id = NEW.patient_id))
BEGIN SELECT RAISE(ABORT, 'a prescription stays with its patient'); END;
