"""What each account has set for itself, the same on every device (SPEC SE-05)."""

import msgspec

from esante.admin import policy
from esante.admin.events import PreferencesChanged
from esante.admin.preferences import store
from esante.admin.settings import rules
from esante.admin.structs import Preferences, PreferencesWish
from esante.identity import service as identity
from esante.kernel.errors import Invalid, check_version
from esante.kernel.transaction import ReadTx, WriteTx


def show_preferences(tx: ReadTx) -> Preferences:
    """One's own; the defaults, with version 0, while nothing was set."""
    return _own(tx, policy.has_account(tx))


def change_preferences(tx: WriteTx, version: int, wish: PreferencesWish) -> Preferences:
    """All of one's own at once; mails and answers follow the language (without one the clinic's).

    A stale version, or a time zone that does not exist, is refused.
    """
    account_id = policy.has_account(tx)
    before = _own(tx, account_id)
    check_version(before.version, version)
    if wish.time_zone is not None and wish.time_zone not in rules.time_zones():
        raise Invalid("There is no time zone {name}", field="timeZone", name=wish.time_zone)
    asked = msgspec.structs.asdict(wish)
    fields = sorted(name for name, value in asked.items() if value != getattr(before, name))
    if not fields:
        return before
    store.put_preferences(tx, asked | {"account_id": account_id, "version": version + 1, "now": tx.now})
    if "language" in fields:
        identity.set_language(tx, account_id, wish.language or tx.settings.language)
    tx.record(PreferencesChanged(subject=account_id, version=version + 1, fields=fields))
    return _own(tx, account_id)


def forget_account(tx: WriteTx, account_id: str) -> None:
    """For the house: an account is removed, and what it had set for itself."""
    store.forget_account(tx, account_id)


def _own(tx: ReadTx, account_id: str) -> Preferences:
    return store.preferences(tx, account_id) or Preferences(**msgspec.structs.asdict(PreferencesWish()), version=0)
