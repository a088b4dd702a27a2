-- The audit log's signed checkpoints, and the segments of it that were sealed, exported and taken out.

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
