-- Who treats whom is found by both of them and the reason why, never by the reason alone: one tree less for each booking.

CREATE TABLE care_relation_by_pair (
    practitioner_id TEXT NOT NULL REFERENCES practitioner (id),
    patient_id      TEXT NOT NULL REFERENCES patient (id),
    source_id       TEXT NOT NULL,
    source          TEXT NOT NULL,
    since_at        TEXT NOT NULL,
    until_at        TEXT,                           -- none: as long as what opened it goes on
    PRIMARY KEY (practitioner_id, patient_id, source_id)
) STRICT, WITHOUT ROWID;
INSERT INTO care_relation_by_pair SELECT practitioner_id, patient_id, source_id, source, since_at, until_at FROM care_relation;
DROP TABLE care_relation;
ALTER TABLE care_relation_by_pair RENAME TO care_relation;
