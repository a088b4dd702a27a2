"""Photographs of patients and doctors: made anew from what was sent, sealed, shown to whoever may see the person."""
