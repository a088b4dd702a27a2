"""What identity does when something has happened: sockets of ended sessions are hung up, old secrets are swept."""

from esante.identity.one_time import service as one_time
from esante.identity.sessions.events import SessionEnded, SessionLocked
from esante.identity.sign_in import service as sign_in
from esante.kernel.clinic import Clinic
from esante.kernel.transaction import WriteTx


def hang_up(clinic: Clinic, event: SessionEnded | SessionLocked) -> None:
    """Live: the open sockets of the session hear no more, and their next frame finds nobody (SPEC ID-10, row 10)."""
    clinic.hub.end_session(event.account_id, event.subject)


def sweep(tx: WriteTx, nothing: None = None) -> None:
    """Daily: links, codes and tickets that ran out are removed."""
    one_time.forget_old_secrets(tx)
    sign_in.forget_outdated_tickets(tx)
