"""What is counted of consultations."""

from datetime import date

import msgspec

from esante.kernel.structs import Kept
from esante.people.structs import PractitionerId


class DiagnosisCount(Kept):
    """A diagnosis, by its code where it has one, else as written: how often, and of how many people."""

    diagnosis: str
    code: str | None
    consultations: int
    patients: int


class ConsultationStatistics(Kept):
    """Completed consultations between two local days, both included; those entered in error never count."""

    practitioner_id: PractitionerId | None
    first_on: date = msgspec.field(name="from")
    last_on: date = msgspec.field(name="to")
    total: int
    patients: int
    top_diagnoses: list[DiagnosisCount]
    """The ten most frequent."""
    hidden_diagnoses: int
    """How many are left out because fewer than three people have them; doctors see their own all."""
