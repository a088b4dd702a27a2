"""The chart: one small room for each noun, all of one shape. Each imports from those before it, never the other way round.

In this order: consultations, prescriptions, chart (what is known of a patient: allergies, conditions, immunizations).
"""
