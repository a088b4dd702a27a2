-- Copies of a doctor's licence and identity card: the picture is sealed in the vault, here is which file it is.

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
