"""Making and redeeming one-time secrets (SPEC R9, ID-05). Redeeming never raises: a wrong try must be counted."""

from datetime import timedelta

from esante.identity.one_time import store
from esante.identity.one_time.structs import OneTime, OneTimePurpose, Secrets
from esante.kernel.one_time import Purpose, new_salt, row_of, same
from esante.kernel.structs import AccountId, new_id
from esante.kernel.transaction import ReadTx, WriteTx

LINK_LASTS: dict[OneTimePurpose, timedelta] = {
    "confirm": timedelta(hours=24),
    "reset": timedelta(hours=1),
    "first_admin": timedelta(hours=24),
}
CODE_LASTS = timedelta(minutes=10)
ATTEMPTS = 5
RESEND_GAP = timedelta(seconds=60)
RESEND_WINDOW = timedelta(hours=1)
RESENDS = 5
KEPT = timedelta(days=30)

_LINK: dict[OneTimePurpose, Purpose] = {"confirm": "confirm-link", "reset": "reset-link", "first_admin": "first-admin"}
_CODE: dict[OneTimePurpose, Purpose] = {"confirm": "confirm-code", "reset": "reset-code", "first_admin": "first-admin"}


def issue(tx: WriteTx, account_id: AccountId | None, purpose: OneTimePurpose) -> OneTime:
    """For other rooms. A fresh link and code; the code of an earlier row no longer counts."""
    row = OneTime(
        id=new_id(),
        account_id=account_id,
        purpose=purpose,
        salt=new_salt(),
        attempts=0,
        link_until_at=tx.now + LINK_LASTS[purpose],
        code_until_at=tx.now + CODE_LASTS,
        created_at=tx.now,
        used_at=None,
    )
    store.insert_one_time(tx, row)
    return row


def can_issue(tx: ReadTx, account_id: AccountId, purpose: OneTimePurpose) -> bool:
    """For other rooms. At most one in 60 seconds and five in an hour."""
    last = store.newest(tx, account_id, purpose)
    if last is None:
        return True
    if last.created_at > tx.now - RESEND_GAP:
        return False
    return store.count_since(tx, account_id, purpose, tx.now - RESEND_WINDOW) < RESENDS


def one_time(tx: ReadTx, one_time_id: str) -> OneTime | None:
    """For other rooms. The row, or None."""
    return store.one_time(tx, one_time_id)


def secrets_of(tx: ReadTx, row: OneTime) -> Secrets:
    """For other rooms. Derive what the mail must say."""
    return Secrets(
        token=tx.secrets.token(_LINK[row.purpose], row.id, row.salt),
        code=tx.secrets.code(_CODE[row.purpose], row.id, row.salt),
    )


def fitting_token(tx: ReadTx, token: str, purpose: OneTimePurpose) -> OneTime | None:
    """For other rooms. The row whose token this is, while it works; nothing is spent or counted."""
    row = store.one_time(tx, row_of(token))
    if row is None or row.purpose != purpose or not _is_alive(row) or row.link_until_at <= tx.now:
        return None
    return row if same(token, secrets_of(tx, row).token) else None


def fits_code(tx: ReadTx, account_id: AccountId, purpose: OneTimePurpose, code: str) -> bool:
    """For other rooms. Is this the newest code, while it works? Nothing is spent or counted: a redeeming must follow."""
    row = _with_live_code(tx, account_id, purpose)
    return row is not None and same(code, secrets_of(tx, row).code)


def redeem_token(tx: WriteTx, token: str, purpose: OneTimePurpose) -> OneTime | None:
    """For other rooms. The row, used up; None when the token is wrong, used or outdated."""
    row = fitting_token(tx, token, purpose)
    if row is not None:
        store.spend(tx, row)
    return row


def redeem_code(tx: WriteTx, account_id: AccountId, purpose: OneTimePurpose, code: str) -> bool:
    """For other rooms. True once, for the newest code of this account and purpose; each wrong try counts, the sixth is dead."""
    row = _with_live_code(tx, account_id, purpose)
    if row is None:
        return False
    if not same(code, secrets_of(tx, row).code):
        store.count_attempt(tx, row.id)
        return False
    store.spend(tx, row)
    return True


def forget_first_admin_codes(tx: WriteTx) -> None:
    """For other rooms. No earlier console code works any more."""
    store.spend_first_admin(tx)


def forget_old_secrets(tx: WriteTx) -> int:
    """For the house: the sweep of links and codes that ran out a month ago; how many."""
    return store.delete_before(tx, tx.now - KEPT)


def _is_alive(row: OneTime) -> bool:
    return row.used_at is None


def _with_live_code(tx: ReadTx, account_id: AccountId, purpose: OneTimePurpose) -> OneTime | None:
    row = store.newest(tx, account_id, purpose)
    if row is None or not _is_alive(row) or row.attempts >= ATTEMPTS or row.code_until_at <= tx.now:
        return None
    return row
