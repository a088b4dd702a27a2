"""What is known of a patient beyond single visits: allergies, conditions, immunizations. Lists to read; imports fill them.

Use cases: see each list; the patient's timeline, which puts consultations, prescriptions and these lists in one order.
"""
