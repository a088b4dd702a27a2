"""How a name sounds, whatever its alphabet and spelling: what lets the desk notice that somebody is known already.

`skeleton("Mohammed")`, `skeleton("Muhamad")` and `skeleton("محمد")` are the same: Arabic letters are written in Latin ones,
spellings of one sound become one letter, vowels go (the first one stays as `a`), doubled letters become one. `keys` are what
a name is found by: its skeletons in either order, also with one letter gone, so that one slip of the finger hides nobody.
"""

import hashlib
import re

from esante.people.folding import fold

_ARABIC = str.maketrans(
    {
        "ا": "a", "ب": "b", "ت": "t", "ث": "th", "ج": "j", "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r", "ز": "z",
        "س": "s", "ش": "ch", "ص": "s", "ض": "d", "ط": "t", "ظ": "d", "ع": "a", "غ": "gh", "ف": "f", "ق": "k", "ك": "k",
        "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "w", "ي": "y", "ء": "", "پ": "p", "چ": "ch", "ڤ": "v", "گ": "g",
    }
)  # fmt: skip
_SOUNDS = (
    ("tch", "%"), ("sch", "%"), ("sh", "%"), ("ch", "%"), ("x", "ks"), ("kh", "k"), ("gh", "j"), ("dj", "j"), ("dh", "d"),
    ("th", "t"), ("ph", "f"), ("ck", "k"), ("qu", "k"), ("q", "k"), ("ce", "se"), ("ci", "si"), ("cy", "sy"), ("c", "k"),
    ("g", "j"), ("v", "f"), ("p", "b"),
)  # fmt: skip
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_VOWELS = re.compile(r"[aeiouyw]")
_DOUBLED = re.compile(r"(.)\1+")
SHORTEST = 3
"""A skeleton of fewer letters is not looked for with one letter gone: everybody would be like everybody."""


def joined(name: str) -> str:
    """Folded, and without what stands between its parts: `Ben Ali` and `Benali` are the same."""
    return _NOT_LETTERS.sub("", fold(name))


def is_arabic(name: str) -> bool:
    """Is it written in Arabic letters?"""
    return any("\u0600" <= letter <= "\u06ff" for letter in name)


def skeleton(name: str) -> str:
    """The sounds of a name, without its vowels; empty only when the name has no letter."""
    plain = joined(name).translate(_ARABIC)
    for spelling, sound in _SOUNDS:
        plain = plain.replace(spelling, sound)
    if len(plain) > 2:
        plain = plain.removesuffix("h")
    first, rest = plain[:1], plain[1:]
    return _DOUBLED.sub(r"\1", ("a" if _VOWELS.match(first) else first) + _VOWELS.sub("", rest))


def keys(first_name: str, last_name: str) -> list[int]:
    """The numbers under which this name is kept and looked for."""
    first, last = skeleton(first_name), skeleton(last_name)
    pairs = {(first, last), *((one, last) for one in _shorter(first)), *((first, one) for one in _shorter(last))}
    return sorted({_number(pair) for pair in pairs})


def distance(one: str, other: str, most: int) -> int:
    """How many slips apart two words are: a letter too many, too few, another one, two swapped. Above `most`: `most` + 1."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row, above = row, [i], before
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, above[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


def likeness(one: str, other: str) -> float:
    """From 0 to 1: how much of the longer word is right."""
    longest = max(len(one), len(other), 1)
    return max(0.0, 1 - distance(one, other, most=longest // 2) / longest)


def _shorter(sounds: str) -> list[str]:
    return [sounds[:at] + sounds[at + 1 :] for at in range(len(sounds))] if len(sounds) >= SHORTEST else []


def _number(pair: tuple[str, str]) -> int:
    """63 bits of the two, whichever comes first: swapped names meet."""
    digest = hashlib.blake2b("|".join(sorted(pair)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1
