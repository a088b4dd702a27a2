"""Telephone numbers: one form (E.164) for what people write in many ways."""

import phonenumbers

from esante.kernel.errors import Invalid


def normalised(written: str, country: str) -> str:
    """`06 12 34 56 78` in France is `+33612345678`. `Invalid`, naming the assumed country, when it is no number."""
    found = maybe(written, country)
    if found is None:
        raise Invalid(
            "This is not a telephone number in {country}; write other countries' numbers with + and the country code",
            field="mobileNumber",
            country=country,
        )
    return found


def maybe(written: str, country: str) -> str | None:
    """The E.164 form, or None. Its length must fit the country; ranges change too often to be held against anybody."""
    try:
        number = phonenumbers.parse(written, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def spellings(e164: str) -> list[str]:
    """The digits that people dial for it: with the country code, and as within the country."""
    number = phonenumbers.parse(e164)
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [e164.removeprefix("+"), "".join(c for c in national if c.isdigit())]
