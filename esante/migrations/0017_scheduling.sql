-- What can be settled about a visit before its day, and what is known of the patient's insurance when it is booked.

ALTER TABLE appointment ADD COLUMN pre_checked_at TEXT;
ALTER TABLE appointment ADD COLUMN reconfirm_until TEXT;
ALTER TABLE appointment ADD COLUMN insurance_warning TEXT CHECK (insurance_warning IN ('expired', 'not_accepted'));
