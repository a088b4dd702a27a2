"""Messages in the person's language. English texts in the code are the keys; the catalogues are in `esante/locales`."""

import gettext
import re
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "locales"
LANGUAGES = ("fr", "en")

_PREFERENCE = re.compile(r"(?P<language>[A-Za-z]+)(?:-[A-Za-z0-9-]*)?(?:\s*;\s*[qQ]=(?P<weight>[01](?:\.\d{0,3})?))?")


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("esante", FOLDER, languages=[language], fallback=True)


def translate(language: str, message: str, /, **values: Any) -> str:
    """The message in this language with its `{placeholders}` filled; in English where no translation is known."""
    text = _catalogue(language).gettext(message)
    return text.format(**values) if values else text


def preferred(accept_language: str | None, default: str) -> str:
    """The best of our languages for an Accept-Language header; ours when it names none."""
    wanted: list[tuple[float, str]] = []
    for part in (accept_language or "").split(",")[:20]:
        found = _PREFERENCE.fullmatch(part.strip())
        if (
            found
            and (language := found["language"].lower()) in LANGUAGES
            and (weight := float(found["weight"] or 1)) > 0
        ):
            wanted.append((weight, language))
    return max(wanted, key=lambda pair: pair[0])[1] if wanted else default
