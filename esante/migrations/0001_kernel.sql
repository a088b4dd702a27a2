-- The ground floor: audit log, jobs, settings, idempotency keys.

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
) STRICT;

CREATE TABLE idempotency (
    actor      TEXT NOT NULL,
    key        TEXT NOT NULL,
    digest     BLOB NOT NULL,
    result     TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);
