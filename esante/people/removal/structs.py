"""What is asked of a removal, and the last copy that it answers with."""

from esante.kernel.structs import Asked, Kept
from esante.people.structs import Patient, Reason


class RemovalRequest(Asked):
    """Why; kept in the audit log."""

    reason: Reason


class RemovedPatient(Kept):
    """The record as it was, to be kept elsewhere if anybody wants it: here it is gone."""

    record: Patient
    accounts: int
    """How many accounts went with it."""
