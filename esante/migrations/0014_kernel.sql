-- The health view asks for what is rare: jobs that were given up, verifications of the audit log.

CREATE INDEX job_failed ON job (id) WHERE failed_at IS NOT NULL;
CREATE INDEX audit_verified ON audit (seq) WHERE action IN ('audit.verified', 'audit.verify_failed');
