"""Step-up: dangerous acts need a password or a code that was given within ten minutes (SPEC ID-20)."""

from datetime import timedelta

from esante.identity.proof import store
from esante.identity.proof.structs import Fresh, Proof
from esante.identity.sessions import service as sessions
from esante.kernel.errors import Forbidden
from esante.kernel.transaction import ReadTx, WriteTx

FRESH = timedelta(minutes=10)


def require_fresh(tx: ReadTx) -> None:
    """For other rooms. `Forbidden` (STEP_UP_REQUIRED) when the actor's account has a second factor and its session was not
    proven within ten minutes: ask for password or code (`POST /auth/step-up`) and repeat. The house needs no proof."""
    if tx.actor.is_house:
        return
    found = store.proof(tx, tx.actor.id, tx.actor.session_id)
    if found.has_second_factor:
        _refuse_stale(tx, found)


def require_proven(tx: ReadTx) -> None:
    """For other rooms. The same for every account, with a second factor or without: for what guards the account itself."""
    if not tx.actor.is_house:
        _refuse_stale(tx, store.proof(tx, tx.actor.id, tx.actor.session_id))


def note_proof(tx: WriteTx) -> Fresh:
    """For other rooms. The holder of the actor's session has just given the password or a code."""
    sessions.note_proof(tx, tx.actor.session_id or "")
    return Fresh(fresh_until=tx.now + FRESH)


def _refuse_stale(tx: ReadTx, found: Proof) -> None:
    if found.proven_at is None or found.proven_at <= tx.now - FRESH:
        raise Forbidden("Please confirm that it is you: give your password or a code", code="STEP_UP_REQUIRED")
