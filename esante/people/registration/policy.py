"""Who may register: everybody, in the roles that the clinic leaves open."""

from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx


def may_register(tx: ReadTx, role: str) -> None:
    """Open to everybody while the clinic lets that role register itself."""
    allowed = tx.settings.patient_registration if role == "patient" else tx.settings.doctor_registration
    if not allowed:
        raise Forbidden("This clinic makes new accounts at the desk", code="REGISTRATION_OFF")
