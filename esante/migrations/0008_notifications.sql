-- Telling people: what they see in the app, and what was sent outside, with its true state.

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
