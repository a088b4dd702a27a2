-- Administration: versions and history of the clinic's settings, the logo, and what each account has set for itself.

ALTER TABLE setting ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

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
