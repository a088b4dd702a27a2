"""Removing a patient's record that holds nothing: it was made by mistake, or by somebody who never came (SPEC R23)."""
