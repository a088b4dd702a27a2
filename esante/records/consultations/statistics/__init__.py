"""Counts of consultations and of their diagnoses (SPEC CO-12, AD-05): what few people have is shown to doctors only (AD-14)."""
