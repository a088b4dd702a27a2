-- Who holds a time keeps it when the request is confirmed, also where the desk has booked over it meanwhile: only a row that
-- moves, or loses the reason why it may overlap, is looked at again.

DROP TRIGGER occupancy_stays_free;
CREATE TRIGGER occupancy_stays_free
BEFORE UPDATE OF resource_kind, resource_id, starts_at, ends_at, override_reason ON occupancy
WHEN NEW.override_reason IS NULL AND EXISTS (
    SELECT 1 FROM occupancy
    WHERE resource_kind = NEW.resource_kind AND resource_id = NEW.resource_id
      AND starts_at < NEW.ends_at AND starts_at > strftime('%Y-%m-%dT%H:%M:%fZ', NEW.starts_at, '-1 day')
      AND ends_at > NEW.starts_at AND appointment_id <> NEW.appointment_id)
BEGIN SELECT RAISE(ABORT, 'occupied: ' || NEW.resource_kind); END;
