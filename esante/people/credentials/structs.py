"""A copy of a paper that says who a doctor is."""

from datetime import datetime
from typing import Literal

from esante.kernel.structs import Kept
from esante.people.structs import PractitionerId

CredentialKind = Literal["licence", "id_card"]


class Credential(Kept):
    """What is shown of it; the picture itself is asked for by its kind."""

    kind: CredentialKind
    size: int
    width: int
    height: int
    uploaded_at: datetime


class CredentialRow(Credential):
    """As it is kept: with its sealed file."""

    practitioner_id: PractitionerId
    file_id: str
    sha256: str
