-- Second factors, the half-open sign-ins that wait for one, and the locks and PINs of shared desks.

ALTER TABLE session ADD COLUMN proven_at TEXT;      -- when its holder last gave the password or a code
ALTER TABLE session ADD COLUMN locked_at TEXT;      -- locked by its holder; the idle lock is computed, not kept
ALTER TABLE session ADD COLUMN pin_tries INTEGER NOT NULL DEFAULT 0;    -- since it was last unlocked
ALTER TABLE session ADD COLUMN enrolling INTEGER NOT NULL DEFAULT 0 CHECK (enrolling IN (0, 1));    -- may only enrol a second factor

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

-- The password was right, the code is still missing. Its token is derived from id and salt, never stored.
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
