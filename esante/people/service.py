"""What the other rooms may ask of people: one page over patients, practitioners and care relations."""

from esante.people.care.service import care_since, end_care, is_treating, keep_care, open_care
from esante.people.family.service import has_consented
from esante.people.folding import fold
from esante.people.merging.service import note_moved, note_returned, to_return
from esante.people.patients.service import (
    acts_for,
    add_patient,
    import_patient,
    own_patient,
    patient_brief,
    patient_with_mobile,
    register_patient,
    seems_known,
    visible_patient,
)
from esante.people.practitioners.service import (
    add_practitioner,
    approve_practitioner,
    bookable_practitioner,
    find_practitioners,
    import_practitioner,
    practitioner_brief,
    public_practitioner,
    require_prescriber,
    specialties,
)
from esante.people.registration.service import check_self_registration, register_at_kiosk

__all__ = [
    "acts_for",
    "add_patient",
    "add_practitioner",
    "approve_practitioner",
    "bookable_practitioner",
    "care_since",
    "check_self_registration",
    "end_care",
    "find_practitioners",
    "fold",
    "has_consented",
    "import_patient",
    "import_practitioner",
    "is_treating",
    "keep_care",
    "note_moved",
    "note_returned",
    "open_care",
    "own_patient",
    "patient_brief",
    "patient_with_mobile",
    "practitioner_brief",
    "public_practitioner",
    "register_at_kiosk",
    "register_patient",
    "require_prescriber",
    "seems_known",
    "specialties",
    "to_return",
    "visible_patient",
]
