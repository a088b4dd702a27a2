"""What happens to patients and practitioners: ids, versions and names of fields, never what they say."""

from typing import ClassVar

from esante.kernel.structs import Event, Severity


class PatientRegistered(Event, tag="patient.registered"):
    """A patient's record was made: by the person, by the desk, or by an import."""

    source: str


class PatientUpdated(Event, tag="user.profile_updated"):
    """These fields of the patient changed; the version before is kept."""

    version: int
    fields: list[str]


class PatientArchived(Event, tag="patient.archived"):
    """The record is out of the lists; nothing is lost."""

    severity: ClassVar[Severity] = "warning"


class PatientAccessed(Event, tag="patient.accessed"):
    """Somebody read this patient's record."""


class PatientsListed(Event, tag="patient.listed"):
    """Somebody looked at the patient list: the digest of the filter, and how many names were shown."""

    filter: str
    count: int


class RegistrationHeld(Event, tag="registration.held"):
    """Somebody registered with the mobile number or the licence of the person `subject`, who has no account.

    Nothing was made; the desk finds out who it was.
    """

    severity: ClassVar[Severity] = "warning"


class PractitionerSubmitted(Event, tag="doctor.submitted"):
    """A practitioner waits for an admin's decision: newly registered, or with a changed licence."""


class PractitionerImported(Event, tag="doctor.imported"):
    """Came from another system, unverified and without account; nobody is asked to decide."""


class PractitionerUpdated(Event, tag="doctor.updated"):
    """These fields of the profile changed."""

    version: int
    fields: list[str]


class PractitionerApproved(Event, tag="doctor.approved"):
    """May be found, booked, and prescribe."""


class PractitionerRejected(Event, tag="doctor.rejected"):
    """Not accepted; the reason is in the history of decisions."""

    severity: ClassVar[Severity] = "warning"


class PractitionerSuspended(Event, tag="doctor.suspended"):
    """May no longer be found, booked, or prescribe."""

    severity: ClassVar[Severity] = "warning"


class CareOpened(Event, tag="care.opened"):
    """The practitioner treats the patient from now on."""

    practitioner_id: str
    source: str


class CareEnded(Event, tag="care.ended"):
    """The visit that opened the relation did not happen."""

    practitioner_id: str
