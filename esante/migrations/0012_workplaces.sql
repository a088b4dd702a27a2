-- Workplaces, complete: what a site offers, the practitioners who are its members, invitations and assignments of assistants.

ALTER TABLE workplace ADD COLUMN owner_id TEXT REFERENCES practitioner (id);  -- none: the clinic's own or an imported one
ALTER TABLE workplace ADD COLUMN fee_minor INTEGER CHECK (fee_minor >= 0);    -- the usual fee; a member may ask another
ALTER TABLE workplace ADD COLUMN services TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(services));
ALTER TABLE workplace ADD COLUMN insurances TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(insurances));
ALTER TABLE workplace ADD COLUMN latitude REAL CHECK (latitude BETWEEN -90 AND 90);
ALTER TABLE workplace ADD COLUMN longitude REAL CHECK (longitude BETWEEN -180 AND 180);
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

-- Until now everybody worked at the clinic's own site.
INSERT INTO workplace_member (workplace_id, practitioner_id, is_primary, since_at)
    SELECT workplace.id, practitioner.id, 1, practitioner.created_at FROM practitioner JOIN workplace ON workplace.is_primary = 1
    WHERE practitioner.status = 'approved';

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
    version         INTEGER NOT NULL DEFAULT 1,
    CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_side IS NULL))
) STRICT;
CREATE UNIQUE INDEX assistant_assignment_active ON assistant_assignment (account_id, workplace_id) WHERE ended_at IS NULL;
CREATE INDEX assistant_assignment_workplace ON assistant_assignment (workplace_id, id);

INSERT INTO assistant_assignment (id, account_id, workplace_id, scopes, since_at)
    SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
        || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
        account_id, workplace_id, json_group_array(scope), min(granted_at)
    FROM assistant_scope GROUP BY account_id, workplace_id;
