"""How likely two records are one person's: 0 to 100, with the reasons. No database here."""

from datetime import date

from esante.people.duplicates.structs import Known, Sign
from esante.people.folding import fold
from esante.people.names import distance, is_arabic, joined, likeness, skeleton

SHOWN_FROM = 40
"""Below that nobody is warned."""
REFUSED_FROM = 85
"""From there on the desk must say that it is somebody new."""
UNLIKE_NAMES = 70
"""The most that phone, birth date and address make alone: twins, and families with one telephone."""
SLIP = 0.7
"""How much of each name must be right for a slip of the finger."""

Verdict = tuple[int, list[Sign]]


def score(one: Known, other: Known) -> Verdict:
    """The likeness of two records. Symmetric."""
    points, reasons = _names((one.first_name, one.last_name), (other.first_name, other.last_name))
    alike = points >= SHOWN_FROM
    for more, sign in (_born(one.birth_date, other.birth_date), _phone(one, other), _email(one, other)):
        points += more
        if sign:
            reasons.append(sign)
    return max(0, min(points, 100 if alike else UNLIKE_NAMES)), reasons


def _names(one: tuple[str, str], other: tuple[str, str]) -> Verdict:
    if one == other:
        return 55, ["sameName"]
    ours, theirs = (fold(one[0]), fold(one[1])), (fold(other[0]), fold(other[1]))
    if ours == theirs:
        return 55, ["accentsOrCase"]
    if ours == theirs[::-1]:
        return 53, ["swappedNames"]
    bare, their_bare = (joined(one[0]), joined(one[1])), (joined(other[0]), joined(other[1]))
    if bare == their_bare:
        return 54, ["accentsOrCase"]
    straight, swapped = _both(bare, their_bare), _both(bare, their_bare[::-1])
    sounds, their_sounds = (skeleton(one[0]), skeleton(one[1])), (skeleton(other[0]), skeleton(other[1]))
    if is_arabic("".join(one)) != is_arabic("".join(other)):
        return _across(sounds, their_sounds)
    if sounds == their_sounds and straight >= 0.5:
        return 50, ["soundsAlike"]
    if sounds == their_sounds[::-1] and swapped >= 0.5:
        return 47, ["swappedNames", "soundsAlike"]
    if straight >= SLIP:
        return round(50 * straight), ["typingSlip"]
    if swapped >= SLIP:
        return round(48 * swapped), ["swappedNames", "typingSlip"]
    if _part(ours, theirs):
        return 40, ["partOfName"]
    return (10 if ours[1] == theirs[1] else 0), []


def _across(sounds: tuple[str, str], others: tuple[str, str]) -> Verdict:
    """Two alphabets: only the sounds can be compared."""
    if sounds == others:
        return 50, ["otherAlphabet"]
    if sounds == others[::-1]:
        return 47, ["swappedNames", "otherAlphabet"]
    if _both(sounds, others) >= SLIP:
        return 45, ["otherAlphabet"]
    return (42, ["swappedNames", "otherAlphabet"]) if _both(sounds, others[::-1]) >= SLIP else (0, [])


def _both(one: tuple[str, str], other: tuple[str, str]) -> float:
    last = likeness(one[1], other[1])
    return min(last, likeness(one[0], other[0])) if last >= 0.5 else 0.0


def _part(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """The same family name, or one of its parts (`Petit`, `Petit-Durand`), and the same or a part of the first name."""
    return all(_within(a, b) for a, b in zip(one, other, strict=True))


def _within(one: str, other: str) -> bool:
    ours, theirs = set(one.replace("-", " ").split()), set(other.replace("-", " ").split())
    return bool(ours and theirs) and (ours <= theirs or theirs <= ours)


def _born(one: date | None, other: date | None) -> tuple[int, Sign | None]:
    if one is None or other is None:
        return 0, None
    if one == other:
        return 35, "sameBirthDate"
    turned = one.year == other.year and (one.month, one.day) == (other.day, other.month)
    if turned or distance(one.strftime("%Y%m%d"), other.strftime("%Y%m%d"), 1) <= 1:
        return 22, "similarBirthDate"
    return -30, "otherBirthDate"


def _phone(one: Known, other: Known) -> tuple[int, Sign | None]:
    return (40, "samePhone") if one.mobile_e164 and one.mobile_e164 == other.mobile_e164 else (0, None)


def _email(one: Known, other: Known) -> tuple[int, Sign | None]:
    same = one.email and other.email and one.email.casefold() == other.email.casefold()
    return (30, "sameEmail") if same else (0, None)
