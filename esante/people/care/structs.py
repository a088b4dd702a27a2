"""Who treats whom, as kept."""

from datetime import datetime

from esante.kernel.structs import Kept
from esante.people.structs import PatientId, PractitionerId


class CareRelation(Kept):
    """The practitioner treats the patient from `since_at` until `until_at` (open when None), because of `source_id`."""

    patient_id: PatientId
    practitioner_id: PractitionerId
    since_at: datetime
    until_at: datetime | None
    source: str
    source_id: str
