-- What came in from other systems: which resource became what, under which names others point at it, and what is kept raw.

CREATE TABLE fhir_import (
    key           TEXT PRIMARY KEY,          -- source system + type + id, else identifier, else digest
    resource_type TEXT NOT NULL,
    target_kind   TEXT NOT NULL CHECK (target_kind IN ('patient', 'practitioner', 'workplace', 'consultation', 'prescription',
                                                       'allergy', 'condition', 'immunization', 'vitals', 'raw')),
    target_id     TEXT NOT NULL,
    patient_id    TEXT REFERENCES patient (id),
    digest        BLOB NOT NULL,
    original      TEXT,                      -- the resource as it came, when it became a row: the row may hold less
    imported_at   TEXT NOT NULL
) STRICT;
CREATE INDEX fhir_import_patient ON fhir_import (patient_id) WHERE patient_id IS NOT NULL;

CREATE TABLE fhir_alias (
    alias TEXT NOT NULL,                     -- urn:uuid:…, https://…/Patient/1, Patient/1, Patient?identifier=system|value
    key   TEXT NOT NULL REFERENCES fhir_import (key),
    PRIMARY KEY (alias, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE fhir_raw (
    id         TEXT PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    type       TEXT NOT NULL,
    patient_id TEXT REFERENCES patient (id),
    resource   TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX fhir_raw_patient ON fhir_raw (patient_id) WHERE patient_id IS NOT NULL;
