-- The kiosk: from which address somebody began, and who is new and waits for the desk.

ALTER TABLE kiosk_visit ADD COLUMN network TEXT;
ALTER TABLE kiosk_visit ADD COLUMN newcomer TEXT CHECK (json_valid(newcomer));
CREATE INDEX kiosk_visit_network ON kiosk_visit (network, created_at);
