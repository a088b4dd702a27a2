-- The audit log's reading room: who looked at what needs a review, and how far the watch has read.

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
