-- Visits at every site, and for whom an assistant works.

-- The practitioners of the site for whom she works; none: for all of them. Until now it was the whole site.
ALTER TABLE assistant_assignment ADD COLUMN doctors TEXT CHECK (json_valid(doctors));
UPDATE assistant_assignment SET doctors = json_array(practitioner_id) WHERE practitioner_id IS NOT NULL;

-- Which assistant wrote the record: she goes on seeing it when nobody treats the patient yet.
ALTER TABLE patient ADD COLUMN registered_by TEXT;

-- Whoever waits may wait for a time at one site; an offer is for a time at one.
ALTER TABLE waitlist_entry ADD COLUMN workplace_id TEXT REFERENCES workplace (id);
ALTER TABLE waitlist_entry ADD COLUMN offered_workplace_id TEXT REFERENCES workplace (id);
UPDATE waitlist_entry SET offered_workplace_id = (SELECT id FROM workplace WHERE is_primary = 1)
    WHERE offered_practitioner_id IS NOT NULL;

-- Added time of a day is at a site too, as that of the week is.
UPDATE availability_exception SET extra = (
    SELECT json_group_array(json_set(value, '$.workplaceId', (SELECT id FROM workplace WHERE is_primary = 1)))
    FROM json_each(extra)) WHERE extra <> '[]';
