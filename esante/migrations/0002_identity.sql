-- Accounts, their roles, sessions, one-time secrets.

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

-- One row for a browser (cookie) or an app (bearer). Its secrets are derived from id, salt and generation, never stored.
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
    end_reason       TEXT,
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
