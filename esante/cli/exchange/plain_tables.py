"""What a plain copy of the clinic holds. A house test asks of every table whether it is in or out: a new one is never forgotten."""

TABLES: dict[str, str] = {
    "workplace": "kind city country hours is_primary is_active source created_at",
    "room": "name kind is_active created_at",
    "practitioner": "specialty subspecialty experience_years languages city fee_minor status source created_at archived_at",
    "workplace_member": "fee_minor is_primary since_at until_at",
    "patient": "gender nationality language blood_type source created_at archived_at",
    "patient_consent": "kind text_version language given_on recorded_at recorded_role revoked_at",
    "care_relation": "source since_at until_at",
    "appointment_type": "name price_minor currency duration_minutes room_kind is_active created_at",
    "appointment": "type_name price_minor currency starts_at ends_at local_on local_time status created_via moves created_at",
    "appointment_move": "previous_starts_at previous_ends_at starts_at moved_at",
    "reschedule_request": "starts_at ends_at status decided_at created_at",
    "waitlist_entry": "specialty from_on to_on part_of_day urgency status offered_at created_at",
    "consultation": "type status started_at ended_at started_precision vitals diagnosis_code follow_up_required follow_up_on"
    " source created_at completed_at",
    "consultation_addendum": "created_at",
    "prescription": "number status issued_at issued_precision ends_on source created_at",
    "allergy": "code code_system category criticality severity clinical_status verification onset recorded source created_at",
    "condition": "code code_system category severity clinical_status verification onset abated recorded source created_at",
    "immunization": "code code_system status occurred source created_at",
}
"""The tables of a copy, parents first. After each name: what a pseudonymised copy keeps as it is. There an id becomes another one,
a birth date the year, and everything else (names, addresses, whatever somebody wrote) is left out."""

LEFT_OUT: frozenset[str] = frozenset(
    {
        # secrets, sessions and what only the program needs
        "account", "account_role", "password_history", "session", "one_time", "second_factor", "recovery_code", "login_ticket",
        "pin", "migration", "job", "setting", "setting_change", "idempotency", "logo", "user_setting", "recovery_kit",
        "clock_freeze", "calendar_feed", "kiosk_visit", "notification", "delivery", "reminder", "occupancy",
        # the audit log has exports of its own
        "audit", "audit_checkpoint", "audit_segment", "audit_review", "audit_watch",
        # derived, or the raw material of an import
        "patient_version", "patient_name_key", "patient_merge", "patient_merge_row", "appointment_version",
        "consultation_history", "prescription_history", "fhir_import", "fhir_alias", "fhir_raw",
        "availability_template", "availability_exception", "appointment_type_price", "practitioner_decision",
        "practitioner_credential", "assistant_scope", "assistant_invitation", "assistant_assignment",
    }
)  # fmt: skip

SEARCHED: dict[str, list[str]] = {
    "patient": ["first_name", "last_name"],
    "consultation": ["chief_complaint", "diagnosis", "notes"],
}
"""Full-text search, in a copy with names."""

VIEWS: dict[str, str] = {
    "appointments_in_words": "SELECT a.local_on, a.local_time, p.last_name AS patient, d.last_name AS practitioner, a.type_name,"
    " a.status FROM appointment a JOIN patient p ON p.id = a.patient_id JOIN practitioner d ON d.id = a.practitioner_id"
    " ORDER BY a.starts_at",
    "prescription_lines": "SELECT r.id AS prescription_id, r.patient_id, r.issued_at, r.status, l.value ->> '$.name' AS medicine,"
    " l.value AS line FROM prescription r, json_each(r.lines) l",
    "visits_by_month": "SELECT substr(local_on, 1, 7) AS month, practitioner_id, status, count(*) AS visits FROM appointment"
    " GROUP BY month, practitioner_id, status",
}

WITHOUT_NAMES = frozenset({"visits_by_month"})
"""The views of a pseudonymised copy."""
