"""One spelling for everybody who searches: accents, case and the variants of Arabic letters do not hide a name."""

import re
import unicodedata

_ARABIC = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ئ": "ي", "ؤ": "و", "ة": "ه", "ـ": ""})
_LATIN = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d"}
)
_DAY = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})$")
_PHONE = re.compile(r"^[+(]?[\d\s().+-]{3,}$")
_WORD = re.compile(r"\w+")


def fold(text: str) -> str:
    """`Élodie` and `elodie`, `ﺃحمد` and `احمد` are the same."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Precomposed Arabic hamza letters must be translated before they are taken apart.
    plain = unicodedata.normalize("NFKC", text).translate(_ARABIC).translate(_LATIN)
    apart = unicodedata.normalize("NFKD", plain)
    return " ".join("".join(c for c in apart if not unicodedata.combining(c)).casefold().split())


def words(text: str) -> list[str]:
    """The folded words of a text: letters and digits only."""
    return _WORD.findall(fold(text))


def contains(text: str) -> str:
    """A LIKE pattern (escape `\\`) for a folded column that holds this text anywhere."""
    escaped = fold(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def digits(text: str) -> str:
    """The digits of a telephone number."""
    return "".join(c for c in text if c.isascii() and c.isdigit())


def terms(text: str) -> list[str]:
    """What is looked for, each folded. A day (`1980-02-03`, `03/02/1980`) and a telephone number (`06 12 34`) are one each."""
    text = text.strip()
    if day := _DAY.match(text):
        return [f"{day[1]}{int(day[2]):02}{int(day[3]):02}"]
    if day := _DAY_FIRST.match(text):
        return [f"{day[3]}{int(day[2]):02}{int(day[1]):02}"]
    if _PHONE.match(text) and len(digits(text)) >= 3:
        return [digits(text)]
    return words(text)[:10]


def query(text: str) -> str | None:
    """A full-text query of beginnings, all of which must be there; None when the text holds nothing to look for."""
    return " ".join(f'"{term}"*' for term in terms(text)) or None


def parts(text: str) -> str | None:
    """A full-text query of parts of words, all of which must be there; None unless each has three letters at least."""
    wanted = terms(text)
    return " ".join(f'"{term}"' for term in wanted) if wanted and min(map(len, wanted)) >= 3 else None
