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


class DuplicatesLookedFor(Event, tag="patient.duplicates_listed"):
    """Somebody who enters a patient was told who may be known already: the digest of what was typed, and how many."""

    filter: str
    count: int


class PatientsMerged(Event, tag="patient.merged"):
    """`subject` is the merge. What `other_id` had is now `patient_id`'s; the old id stays as an alias.

    Rooms on the right move their rows in the same transaction, and tell `people.note_moved` which.
    """

    severity: ClassVar[Severity] = "warning"

    other_id: str


class PatientsUnmerged(Event, tag="patient.unmerged"):
    """The merge `subject` is undone: what had moved goes back to `other_id`, with the later rows that were chosen for it.

    Rooms on the right ask `people.to_return` which rows, and tell `people.note_returned`.
    """

    severity: ClassVar[Severity] = "warning"

    other_id: str


class PatientRemoving(Event, tag="patient.removing"):
    """An empty record is to go: each room takes away what it keeps of it that is no record, in the same transaction."""


class PatientRemoved(Event, tag="patient.removed"):
    """The record is gone for good; there was nothing in it."""

    severity: ClassVar[Severity] = "warning"


class PatientErased(Event, tag="patient.erased"):
    """The person is no longer named here; what the law keeps stays under the id."""

    severity: ClassVar[Severity] = "critical"


class ConsentGiven(Event, tag="consent.given"):
    """The patient agreed to a text."""

    kind: str
    text_version: str


class ConsentRevoked(Event, tag="consent.revoked"):
    """The patient no longer agrees."""

    severity: ClassVar[Severity] = "warning"

    kind: str


class ConsentsListed(Event, tag="consent.listed"):
    """Somebody read what the patient agreed to."""

    count: int


class CredentialEvent(Event):
    """Something happened to a copy of a doctor's licence or identity card: `subject` is the practitioner."""

    kind: str


class CredentialUploaded(CredentialEvent, tag="doctor.document_uploaded"):
    """The doctor has sent a copy, in the place of the one before."""


class CredentialRemoved(CredentialEvent, tag="doctor.document_removed"):
    """The doctor has taken a copy away."""


class CredentialSeen(CredentialEvent, tag="doctor.document_seen"):
    """The doctor or an admin looked at a copy."""


class CredentialsListed(Event, tag="doctor.documents_listed"):
    """An admin saw which copies there are of a doctor."""

    count: int


class PhotoReplaced(Event, tag="user.photo_uploaded"):
    """A person's photograph was put in the place of the one before."""


class PhotoRemoved(Event, tag="user.photo_removed"):
    """A person's photograph was taken away."""


class PhotoSeen(Event, tag="patient.photo_seen"):
    """Somebody looked at a patient's photograph."""
