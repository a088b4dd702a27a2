"""The code of an invitation: twelve characters that can be read aloud and typed, derived and never stored."""

import base64
import hashlib

from esante.kernel.one_time import same
from esante.kernel.transaction import ReadTx
from esante.workplaces.structs import InvitationRow

_RFC = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_READABLE = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's letters: no I, L, O, U. Twelve of them are 60 bits, which nobody guesses over a network in a week."""
_TO_READABLE = str.maketrans(_RFC, _READABLE)
_AS_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": ""})


def code_of(tx: ReadTx, row: InvitationRow) -> str:
    """For other rooms. `7K2M-90AB-XQ4T`."""
    token = tx.secrets.token("invitation", row.id, row.salt)
    letters = base64.b32encode(hashlib.sha256(token.encode()).digest()).decode()[:12].translate(_TO_READABLE)
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def fits(tx: ReadTx, row: InvitationRow, given: str) -> bool:
    """For other rooms. Is this the code, however it was typed?"""
    return same(_plain(given), _plain(code_of(tx, row)))


def _plain(written: str) -> str:
    return written.upper().translate(_AS_MEANT)
