-- Generated from the migrations by scripts/fix: the whole database on one page.

CREATE TABLE migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT;

CREATE TABLE audit (
    seq          INTEGER PRIMARY KEY,
    at           TEXT NOT NULL,
    actor        TEXT NOT NULL,
    role         TEXT NOT NULL,
    on_behalf_of TEXT,
    session_id   TEXT,
    address      TEXT,
    request_id   TEXT,
    action       TEXT NOT NULL,
    severity     TEXT NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    outcome      TEXT NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
    patient_id   TEXT,
    subject      TEXT,
    reason       TEXT,
    purpose      TEXT,
    detail       TEXT,
    mac          BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE INDEX audit_patient ON audit (patient_id, seq) WHERE patient_id IS NOT NULL;

CREATE INDEX audit_actor ON audit (actor, seq);

CREATE INDEX audit_weighty ON audit (severity, seq) WHERE severity <> 'info';

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    name         TEXT NOT NULL,
    payload      TEXT NOT NULL,
    key          TEXT UNIQUE,       -- at most one of it: an occurrence, a reminder of one appointment
    due_at       TEXT NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    leased_until TEXT,              -- somebody is at it; after that instant anybody may
    done_at      TEXT,
    failed_at    TEXT,              -- given up: an admin retries or discards it
    error        TEXT,
    created_at   TEXT NOT NULL
) STRICT;

CREATE INDEX job_due ON job (due_at) WHERE done_at IS NULL AND failed_at IS NULL;

CREATE INDEX job_done ON job (done_at) WHERE done_at IS NOT NULL;

CREATE TABLE setting (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL CHECK (json_valid(value)),
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL
, version INTEGER NOT NULL DEFAULT 1) STRICT;

CREATE TABLE idempotency (
    actor      TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     BLOB NOT NULL,
    result     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE account (
    id              TEXT PRIMARY KEY,
    email           TEXT,               -- as the person writes it
    email_key       TEXT UNIQUE,        -- folded: one account for each address, whatever the case
    mobile_e164     TEXT,
    password_hash   TEXT,
    status          TEXT NOT NULL CHECK (status IN ('pending_confirmation', 'active', 'suspended', 'archived')),
    status_before   TEXT CHECK (status_before IN ('pending_confirmation', 'active')),
    status_reason   TEXT,
    language        TEXT NOT NULL,
    failed_logins   INTEGER NOT NULL DEFAULT 0,
    failed_since_at TEXT,               -- the first failure of the running count
    locked_until_at TEXT,               -- unknown devices wait until then
    last_login_at   TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL)),
    CHECK ((status = 'suspended') = (status_before IS NOT NULL))
) STRICT;

CREATE UNIQUE INDEX account_mobile ON account (mobile_e164) WHERE mobile_e164 IS NOT NULL AND status <> 'archived';

CREATE TABLE account_role (
    account_id TEXT NOT NULL REFERENCES account (id),
    role       TEXT NOT NULL CHECK (role IN ('patient', 'doctor', 'assistant', 'pharmacist', 'admin')),
    person_id  TEXT,                    -- the patient or the practitioner whom the account stands for
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_role_person ON account_role (person_id) WHERE person_id IS NOT NULL;

CREATE INDEX account_role_role ON account_role (role, account_id);

CREATE TABLE password_history (
    id            TEXT PRIMARY KEY,
    account_id    TEXT NOT NULL REFERENCES account (id),
    password_hash TEXT NOT NULL,
    replaced_at   TEXT NOT NULL
) STRICT;

CREATE INDEX password_history_account ON password_history (account_id, id);

CREATE TABLE session (
    id               TEXT PRIMARY KEY,
    account_id       TEXT NOT NULL REFERENCES account (id),
    role             TEXT NOT NULL,
    kind             TEXT NOT NULL CHECK (kind IN ('cookie', 'app')),
    device_id        TEXT,
    device           TEXT,
    address          TEXT,
    salt             BLOB NOT NULL CHECK (length(salt) = 16),
    generation       INTEGER NOT NULL DEFAULT 0,
    rotated_at       TEXT,              -- when the generation before this one was spent
    refresh_until_at TEXT NOT NULL,
    expires_at       TEXT NOT NULL,
    created_at       TEXT NOT NULL,
    last_seen_at     TEXT NOT NULL,
    ended_at         TEXT,
    end_reason       TEXT, proven_at TEXT, locked_at TEXT, pin_tries INTEGER NOT NULL DEFAULT 0, enrolling INTEGER NOT NULL DEFAULT 0 CHECK (enrolling IN (0, 1)),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX session_live ON session (account_id, id) WHERE ended_at IS NULL;

CREATE INDEX session_device ON session (account_id, device_id) WHERE device_id IS NOT NULL;

CREATE TABLE one_time (
    id            TEXT PRIMARY KEY,
    account_id    TEXT REFERENCES account (id),     -- none for the code that makes the first admin
    purpose       TEXT NOT NULL CHECK (purpose IN ('confirm', 'reset', 'first_admin')),
    salt          BLOB NOT NULL CHECK (length(salt) = 16),
    attempts      INTEGER NOT NULL DEFAULT 0,
    link_until_at TEXT NOT NULL,
    code_until_at TEXT NOT NULL,
    created_at    TEXT NOT NULL,
    used_at       TEXT,
    CHECK ((account_id IS NULL) = (purpose = 'first_admin'))
) STRICT;

CREATE INDEX one_time_account ON one_time (account_id, purpose, id);

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
, merged_into TEXT REFERENCES patient (id), erased_at TEXT, photo_id TEXT, keyed INTEGER NOT NULL DEFAULT 0 CHECK (keyed IN (0, 1)), registered_by TEXT) STRICT;

CREATE UNIQUE INDEX patient_mobile ON patient (mobile_e164)
    WHERE mobile_e164 IS NOT NULL AND archived_at IS NULL AND source <> 'import';

CREATE INDEX patient_order ON patient (sort_name, id) WHERE archived_at IS NULL;

CREATE INDEX patient_guardian ON patient (guardian_id) WHERE guardian_id IS NOT NULL;

CREATE VIRTUAL TABLE patient_search USING fts5 (
    words, content = '', contentless_delete = 1, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2'
);

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
, photo_id TEXT, latitude REAL CHECK (latitude BETWEEN -90 AND 90), longitude REAL CHECK (longitude BETWEEN -180 AND 180)) STRICT;

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
, owner_id TEXT REFERENCES practitioner (id), fee_minor INTEGER CHECK (fee_minor >= 0), services TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(services)), insurances TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(insurances)), latitude REAL CHECK (latitude BETWEEN -90 AND 90), longitude REAL CHECK (longitude BETWEEN -180 AND 180)) STRICT;

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
, buffer_minutes INTEGER CHECK (buffer_minutes BETWEEN 0 AND 120), requires_referral INTEGER NOT NULL DEFAULT 0 CHECK (requires_referral IN (0, 1)), is_remote INTEGER NOT NULL DEFAULT 0 CHECK (is_remote IN (0, 1)), remote_text TEXT) STRICT;

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
, symptoms TEXT CHECK (length(symptoms) <= 2000), notes TEXT CHECK (length(notes) <= 1000), is_remote INTEGER NOT NULL DEFAULT 0 CHECK (is_remote IN (0, 1)), remote_text TEXT, buffer_minutes INTEGER NOT NULL DEFAULT 0, series_id TEXT, settled_at TEXT, checked_in_at TEXT, pre_checked_at TEXT, reconfirm_until TEXT, insurance_warning TEXT CHECK (insurance_warning IN ('expired', 'not_accepted'))) STRICT;

CREATE INDEX appointment_day ON appointment (starts_at, id);

CREATE INDEX appointment_practitioner ON appointment (practitioner_id, starts_at, id);

CREATE INDEX appointment_patient ON appointment (patient_id, starts_at, id);

CREATE INDEX appointment_status ON appointment (status, starts_at, id);

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

CREATE TABLE fhir_import (
    key           TEXT PRIMARY KEY,          -- source system + type + id, else identifier, else digest
    resource_type TEXT NOT NULL,
    target_kind   TEXT NOT NULL CHECK (target_kind IN ('patient', 'practitioner', 'workplace', 'consultation', 'prescription',
                                                       'allergy', 'condition', 'immunization', 'vitals', 'raw')),
    target_id     TEXT NOT NULL,
    patient_id    TEXT REFERENCES patient (id),
    digest        BLOB NOT NULL,
    original      TEXT,                      -- the resource as it came, when it became a row: the row may hold less
    imported_at   TEXT NOT NULL
) STRICT;

CREATE INDEX fhir_import_patient ON fhir_import (patient_id) WHERE patient_id IS NOT NULL;

CREATE TABLE fhir_alias (
    alias TEXT NOT NULL,                     -- urn:uuid:…, https://…/Patient/1, Patient/1, Patient?identifier=system|value
    key   TEXT NOT NULL REFERENCES fhir_import (key),
    PRIMARY KEY (alias, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE fhir_raw (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL,
    patient_id TEXT REFERENCES patient (id),
    resource   TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE INDEX fhir_raw_patient ON fhir_raw (patient_id) WHERE patient_id IS NOT NULL;

CREATE TABLE notification (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES account (id),
    kind         TEXT NOT NULL,
    priority     TEXT NOT NULL CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    title        TEXT NOT NULL,
    body         TEXT NOT NULL,
    subject      TEXT,              -- the id of what it is about
    read_at      TEXT,
    created_at   TEXT NOT NULL
) STRICT;

CREATE INDEX notification_list ON notification (account_id, id);

CREATE INDEX notification_unread ON notification (account_id) WHERE read_at IS NULL;

CREATE TABLE delivery (
    id              TEXT PRIMARY KEY,
    notification_id TEXT REFERENCES notification (id),
    account_id      TEXT NOT NULL REFERENCES account (id),
    channel         TEXT NOT NULL CHECK (channel IN ('email')),
    kind            TEXT NOT NULL,
    one_time_id     TEXT,           -- the mail carries a link and a code derived from this row of identity
    subject         TEXT,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'suppressed')),
    tries           INTEGER NOT NULL DEFAULT 0,
    error           TEXT,
    sent_at         TEXT,
    created_at      TEXT NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;

CREATE INDEX delivery_account ON delivery (account_id, id);

CREATE INDEX delivery_state ON delivery (state, id) WHERE state <> 'sent';

CREATE TABLE second_factor (
    account_id   TEXT PRIMARY KEY REFERENCES account (id),
    secret       TEXT NOT NULL CHECK (length(secret) = 32),     -- base32; every page of this file is encrypted
    last_step    INTEGER NOT NULL DEFAULT 0,    -- the newest 30-second step whose code was used: none works twice
    confirmed_at TEXT,                          -- none yet: enrolment has begun, sign-in does not ask for it
    created_at   TEXT NOT NULL
) STRICT;

CREATE TABLE recovery_code (
    account_id TEXT NOT NULL REFERENCES account (id),
    digest     BLOB NOT NULL CHECK (length(digest) = 32),
    created_at TEXT NOT NULL,
    used_at    TEXT,
    PRIMARY KEY (account_id, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE login_ticket (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES account (id),
    role       TEXT NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('cookie', 'app')),
    device_id  TEXT,
    device     TEXT,
    salt       BLOB NOT NULL CHECK (length(salt) = 16),
    tries      INTEGER NOT NULL DEFAULT 0,
    until_at   TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at    TEXT
) STRICT;

CREATE INDEX login_ticket_account ON login_ticket (account_id) WHERE used_at IS NULL;

CREATE TABLE pin (
    account_id TEXT NOT NULL REFERENCES account (id),
    device_id  TEXT NOT NULL,
    pin_hash   TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (account_id, device_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX patient_merged ON patient (merged_into) WHERE merged_into IS NOT NULL;

CREATE INDEX patient_not_keyed ON patient (number) WHERE keyed = 0;

CREATE INDEX patient_born ON patient (birth_date) WHERE birth_date IS NOT NULL AND archived_at IS NULL;

CREATE INDEX patient_phone ON patient (mobile_e164) WHERE mobile_e164 IS NOT NULL AND archived_at IS NULL;

CREATE INDEX patient_email ON patient (lower(email)) WHERE email IS NOT NULL AND archived_at IS NULL;

CREATE VIRTUAL TABLE patient_part_search USING fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'trigram'
);

CREATE TABLE patient_name_key (
    key    INTEGER NOT NULL,
    number INTEGER NOT NULL REFERENCES patient (number),
    PRIMARY KEY (key, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX patient_name_key_of ON patient_name_key (number);

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

CREATE TABLE patient_merge_row (
    merge_id TEXT NOT NULL REFERENCES patient_merge (id),
    row_id   TEXT NOT NULL,
    kind     TEXT NOT NULL,                 -- the noun: appointment, prescription
    later    INTEGER NOT NULL DEFAULT 0 CHECK (later IN (0, 1)),  -- made after the merge, and chosen for the other
    returned INTEGER NOT NULL DEFAULT 0 CHECK (returned IN (0, 1)),
    PRIMARY KEY (merge_id, row_id, kind)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE appointment_type_price (
    type_id         TEXT NOT NULL REFERENCES appointment_type (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    price_minor     INTEGER NOT NULL CHECK (price_minor >= 0),
    updated_at      TEXT NOT NULL,
    PRIMARY KEY (type_id, practitioner_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX appointment_series ON appointment (series_id) WHERE series_id IS NOT NULL;

CREATE TABLE appointment_version (
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    version        INTEGER NOT NULL,
    body           TEXT NOT NULL CHECK (json_valid(body)),
    replaced_at    TEXT NOT NULL,
    replaced_by    TEXT NOT NULL,
    PRIMARY KEY (appointment_id, version)
) STRICT, WITHOUT ROWID;

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
    updated_at      TEXT NOT NULL, workplace_id TEXT REFERENCES workplace (id), offered_workplace_id TEXT REFERENCES workplace (id),
    CHECK ((practitioner_id IS NULL) <> (specialty_key IS NULL)),
    CHECK (status NOT IN ('offered', 'accepted', 'declined', 'expired') OR offer_until IS NOT NULL)
) STRICT;

CREATE INDEX waitlist_entry_line ON waitlist_entry (rank, created_at, id) WHERE status = 'waiting';

CREATE INDEX waitlist_entry_patient ON waitlist_entry (patient_id, id);

CREATE UNIQUE INDEX waitlist_entry_visit ON waitlist_entry (appointment_id) WHERE appointment_id IS NOT NULL;

CREATE TABLE reminder (
    appointment_id TEXT NOT NULL REFERENCES appointment (id),
    starts_at      TEXT NOT NULL,
    minutes        INTEGER NOT NULL CHECK (minutes > 0),
    outcome        TEXT NOT NULL CHECK (outcome IN ('due', 'overtaken')),
    noted_at       TEXT NOT NULL,
    PRIMARY KEY (appointment_id, starts_at, minutes)
) STRICT, WITHOUT ROWID;

CREATE TABLE calendar_feed (
    id              TEXT PRIMARY KEY,
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    salt            BLOB NOT NULL CHECK (length(salt) = 16),
    created_at      TEXT NOT NULL,
    revoked_at      TEXT
) STRICT;

CREATE UNIQUE INDEX calendar_feed_live ON calendar_feed (practitioner_id) WHERE revoked_at IS NULL;

CREATE TABLE kiosk_visit (
    id         TEXT PRIMARY KEY,
    patient_id TEXT REFERENCES patient (id),   -- none when nobody fits: the kiosk does not tell
    salt       BLOB NOT NULL CHECK (length(salt) = 16),
    attempts   INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    opened_at  TEXT,
    ends_at    TEXT NOT NULL
, network TEXT, newcomer TEXT CHECK (json_valid(newcomer))) STRICT;

CREATE INDEX kiosk_visit_patient ON kiosk_visit (patient_id, created_at) WHERE patient_id IS NOT NULL;

CREATE INDEX kiosk_visit_end ON kiosk_visit (ends_at);

CREATE INDEX workplace_owner ON workplace (owner_id) WHERE owner_id IS NOT NULL;

CREATE TABLE workplace_member (
    workplace_id    TEXT NOT NULL REFERENCES workplace (id),
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    fee_minor       INTEGER CHECK (fee_minor >= 0),     -- none: the site's
    is_primary      INTEGER NOT NULL DEFAULT 0 CHECK (is_primary IN (0, 1)),
    since_at        TEXT NOT NULL,
    until_at        TEXT,                               -- none: still a member
    PRIMARY KEY (workplace_id, practitioner_id, since_at)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX workplace_member_once ON workplace_member (practitioner_id, workplace_id) WHERE until_at IS NULL;

CREATE UNIQUE INDEX workplace_member_primary ON workplace_member (practitioner_id) WHERE is_primary = 1 AND until_at IS NULL;

CREATE TABLE assistant_invitation (
    id              TEXT PRIMARY KEY,
    workplace_id    TEXT NOT NULL REFERENCES workplace (id),
    practitioner_id TEXT REFERENCES practitioner (id),  -- the inviting practitioner; none when an admin invites
    email           TEXT NOT NULL,                      -- as the inviter writes it
    email_key       TEXT NOT NULL,                      -- folded, as accounts compare it
    name            TEXT,
    message         TEXT,
    scopes          TEXT NOT NULL CHECK (json_valid(scopes)),
    salt            BLOB NOT NULL CHECK (length(salt) = 16),  -- the code is derived from it
    status          TEXT NOT NULL CHECK (status IN ('pending', 'accepted', 'rejected', 'cancelled', 'expired')),
    expires_at      TEXT NOT NULL,
    invited_by      TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    ended_at        TEXT,
    ended_by        TEXT,
    CHECK ((status = 'pending') = (ended_at IS NULL))
) STRICT;

CREATE UNIQUE INDEX assistant_invitation_open ON assistant_invitation (workplace_id, email_key) WHERE status = 'pending';

CREATE INDEX assistant_invitation_email ON assistant_invitation (email_key, id);

CREATE INDEX assistant_invitation_due ON assistant_invitation (expires_at) WHERE status = 'pending';

CREATE INDEX assistant_invitation_practitioner ON assistant_invitation (practitioner_id, id);

CREATE TABLE assistant_assignment (
    id              TEXT PRIMARY KEY,
    account_id      TEXT NOT NULL REFERENCES account (id),
    workplace_id    TEXT NOT NULL REFERENCES workplace (id),
    practitioner_id TEXT REFERENCES practitioner (id),  -- whom they were invited by; none: the clinic itself
    invitation_id   TEXT REFERENCES assistant_invitation (id),
    name            TEXT,
    scopes          TEXT NOT NULL CHECK (json_valid(scopes)),  -- as granted last; what is in force stands in assistant_scope
    since_at        TEXT NOT NULL,
    ended_at        TEXT,
    ended_by        TEXT,
    ended_side      TEXT CHECK (ended_side IN ('assistant', 'clinic')),
    end_reason      TEXT,
    version         INTEGER NOT NULL DEFAULT 1, doctors TEXT CHECK (json_valid(doctors)),
    CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_side IS NULL))
) STRICT;

CREATE UNIQUE INDEX assistant_assignment_active ON assistant_assignment (account_id, workplace_id) WHERE ended_at IS NULL;

CREATE INDEX assistant_assignment_workplace ON assistant_assignment (workplace_id, id);

CREATE TABLE setting_change (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL,
    version    INTEGER NOT NULL,
    old        TEXT NOT NULL CHECK (json_valid(old)),
    new        TEXT NOT NULL CHECK (json_valid(new)),
    changed_at TEXT NOT NULL,
    changed_by TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX setting_change_key ON setting_change (key, version);

CREATE TABLE logo (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    file_id    TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    width      INTEGER NOT NULL,
    height     INTEGER NOT NULL,
    version    INTEGER NOT NULL,
    updated_at TEXT NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;

CREATE TABLE user_setting (
    account_id      TEXT PRIMARY KEY REFERENCES account (id),
    theme           TEXT NOT NULL CHECK (theme IN ('system', 'light', 'dark')),
    language        TEXT,
    time_zone       TEXT,
    refresh_seconds INTEGER NOT NULL,
    timeout_minutes INTEGER NOT NULL,
    sound           INTEGER NOT NULL CHECK (sound IN (0, 1)),
    version         INTEGER NOT NULL,
    updated_at      TEXT NOT NULL
) STRICT;

CREATE INDEX job_failed ON job (id) WHERE failed_at IS NOT NULL;

CREATE INDEX audit_verified ON audit (seq) WHERE action IN ('audit.verified', 'audit.verify_failed');

CREATE TABLE recovery_kit (
    id        TEXT PRIMARY KEY,   -- of its slot in the keyring
    made_at   TEXT NOT NULL,
    proven_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE clock_freeze (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    why      TEXT NOT NULL CHECK (why IN ('jumped', 'behind', 'long_absence')),
    seconds  INTEGER NOT NULL,
    found_at TEXT NOT NULL
) STRICT;

CREATE INDEX kiosk_visit_network ON kiosk_visit (network, created_at);

CREATE TABLE audit_checkpoint (
    size  INTEGER PRIMARY KEY,   -- lines that it covers
    at    TEXT NOT NULL,
    peaks BLOB NOT NULL,         -- the Merkle tree's perfect subtrees, 32 bytes each, the largest first
    note  TEXT NOT NULL          -- C2SP: origin, size, root, signature
) STRICT;

CREATE TRIGGER audit_checkpoint_is_not_changed BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never changed'); END;

CREATE TRIGGER audit_checkpoint_is_kept BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'a checkpoint is never removed'); END;

CREATE TABLE audit_segment (
    last       INTEGER PRIMARY KEY,  -- its last line
    first      INTEGER NOT NULL,
    mac        BLOB NOT NULL CHECK (length(mac) = 32),   -- of the last line: the next one is chained to it
    at         TEXT NOT NULL,        -- instant of the last line
    generation INTEGER NOT NULL,     -- audit keys that were rotated up to there
    peaks      BLOB NOT NULL,        -- the Merkle tree of all lines up to the last
    archive    TEXT NOT NULL,        -- the file that holds the lines
    sha256     TEXT NOT NULL,        -- of that file
    note       TEXT NOT NULL,        -- a signed checkpoint of exactly these lines
    sealed_at  TEXT NOT NULL
) STRICT;

CREATE TRIGGER audit_segment_is_not_changed BEFORE UPDATE ON audit_segment
BEGIN SELECT RAISE(ABORT, 'a segment is never changed'); END;

CREATE TRIGGER audit_segment_is_kept BEFORE DELETE ON audit_segment
BEGIN SELECT RAISE(ABORT, 'a segment is never removed'); END;

CREATE TABLE audit_review (
    seq         INTEGER PRIMARY KEY,   -- of the line, which may have been retired since
    assignee_id TEXT NOT NULL REFERENCES account (id),
    note        TEXT CHECK (length(note) BETWEEN 3 AND 500),
    closed_at   TEXT,
    closed_by   TEXT REFERENCES account (id),
    version     INTEGER NOT NULL DEFAULT 1,
    CHECK ((note IS NULL) = (closed_at IS NULL))
) STRICT;

CREATE TABLE audit_watch (
    id  INTEGER PRIMARY KEY CHECK (id = 1),
    seq INTEGER NOT NULL
) STRICT;

CREATE TABLE practitioner_credential (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    kind            TEXT NOT NULL CHECK (kind IN ('licence', 'id_card')),
    file_id         TEXT NOT NULL UNIQUE,
    sha256          TEXT NOT NULL,
    size            INTEGER NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    uploaded_at     TEXT NOT NULL,
    PRIMARY KEY (practitioner_id, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE "occupancy" (
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

CREATE TRIGGER occupancy_is_free BEFORE INSERT ON occupancy
WHEN NEW.override_reason IS NULL AND EXISTS (
    SELECT 1 FROM occupancy
    WHERE resource_kind = NEW.resource_kind AND resource_id = NEW.resource_id
      AND starts_at < NEW.ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', NEW.starts_at, '-1 day')
      AND ends_at > NEW.starts_at AND appointment_id <> NEW.appointment_id)
BEGIN SELECT RAISE(ABORT, 'occupied: ' || NEW.resource_kind); END;

CREATE TABLE "care_relation" (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    source_id       TEXT NOT NULL,
    source          TEXT NOT NULL,
    since_at        TEXT NOT NULL,
    until_at        TEXT,                           -- none: as long as what opened it goes on
    PRIMARY KEY (practitioner_id, patient_id, source_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER occupancy_stays_free
BEFORE UPDATE OF resource_kind, resource_id, starts_at, ends_at, override_reason ON occupancy
WHEN NEW.override_reason IS NULL AND EXISTS (
    SELECT 1 FROM occupancy
    WHERE resource_kind = NEW.resource_kind AND resource_id = NEW.resource_id
      AND starts_at < NEW.ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', NEW.starts_at, '-1 day')
      AND ends_at > NEW.starts_at AND appointment_id <> NEW.appointment_id)
BEGIN SELECT RAISE(ABORT, 'occupied: ' || NEW.resource_kind); END;
