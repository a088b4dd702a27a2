"""Which passwords are refused (SPEC R7). Pure: it is asked before anything is hashed.

`common_passwords.txt` holds about 1,500 of the commonest passwords that have a digit. It is made, not collected: the words
that lead published lists (in English and French, with those of a clinic), each with the endings that people add, and the
usual runs over the keyboard. Case does not matter: `Password1` and `pASSword1` are one entry.
"""

from functools import cache
from pathlib import Path

from esante.kernel.errors import Invalid
from esante.kernel.settings import ClinicSettings

SHORTEST, LONGEST = 8, 64


def check_password(password: str, email: str | None, settings: ClinicSettings, field: str = "password") -> None:
    """`Invalid` unless 8 to 64 characters with upper, lower and digit (a symbol too, by setting), uncommon, not the address."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Invalid("A password has 8 to 64 characters", code="WEAK_PASSWORD", field=field)
    kinds = (str.isupper, str.islower, str.isdigit)
    if not all(any(kind(c) for c in password) for kind in kinds):
        raise Invalid(
            "A password needs an upper-case letter, a lower-case letter and a digit", code="WEAK_PASSWORD", field=field
        )
    if settings.password_symbol and all(c.isalnum() for c in password):
        raise Invalid("A password needs a symbol too", code="WEAK_PASSWORD", field=field)
    if password.casefold() in common_passwords():
        raise Invalid("This is one of the commonest passwords", code="WEAK_PASSWORD", field=field)
    if email and password.casefold() in (email.casefold(), email.casefold().partition("@")[0]):
        raise Invalid("A password must not be the e-mail address", code="WEAK_PASSWORD", field=field)


@cache
def common_passwords() -> frozenset[str]:
    """The list, folded; comments and empty lines left out."""
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip().casefold() for line in lines if line.strip() and not line.startswith("#"))
