"""What the other rooms, the command line and the app may ask of identity, on one page."""

from esante.identity.accounts.service import (
    account,
    account_of_address,
    account_of_mobile,
    accounts_in_role,
    accounts_of_person,
    add_role,
    admin_exists,
    confirm_in_person,
    confirmation_secrets,
    contact,
    create_account,
    list_accounts,
    maybe_mobile,
    mobile,
    mobile_spellings,
    reactivate_account,
    set_language,
    suspend_account,
    tell_address_is_known,
)
from esante.identity.first_admin.service import issue_first_admin_code
from esante.identity.leaving.service import archive_account, drop_account, leave_person, not_empty
from esante.identity.one_time.service import forget_old_secrets
from esante.identity.passwords.rules import check_password
from esante.identity.passwords.service import issue_reset, set_password
from esante.identity.proof.service import require_fresh
from esante.identity.second_factor.service import disable_second_factor
from esante.identity.sessions.service import end_every_session, note_use
from esante.identity.throttle import network_of

__all__ = [
    "account",
    "account_of_address",
    "account_of_mobile",
    "accounts_in_role",
    "accounts_of_person",
    "add_role",
    "admin_exists",
    "archive_account",
    "check_password",
    "confirm_in_person",
    "confirmation_secrets",
    "contact",
    "create_account",
    "disable_second_factor",
    "drop_account",
    "end_every_session",
    "forget_old_secrets",
    "issue_first_admin_code",
    "issue_reset",
    "leave_person",
    "list_accounts",
    "maybe_mobile",
    "mobile",
    "mobile_spellings",
    "network_of",
    "not_empty",
    "note_use",
    "reactivate_account",
    "require_fresh",
    "set_language",
    "set_password",
    "suspend_account",
    "tell_address_is_known",
]
