-- When each recovery kit was made and last typed back; the kit itself is on paper.

CREATE TABLE recovery_kit (
    id        TEXT PRIMARY KEY,   -- of its slot in the keyring
    made_at   TEXT NOT NULL,
    proven_at TEXT
) STRICT, WITHOUT ROWID;
