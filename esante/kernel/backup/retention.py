"""What may go: the newest backup of each of the last days, weeks and months stays, and so does the last proven one."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

import msgspec

from esante.kernel.backup import archive, shelf
from esante.kernel.backup.opening import Opening
from esante.kernel.backup.shelf import ARCHIVE, CONTENT, PROOF, Archived, Shelf
from esante.kernel.errors import Broken


class Keep(msgspec.Struct, frozen=True):
    """So many days, weeks and months of which the newest backup is kept."""

    daily: int
    weekly: int
    monthly: int


class Pruned(msgspec.Struct, frozen=True, rename="camel"):
    """What went, or would go. `problem` says why no file was removed although some may be of no use."""

    archives: list[str]
    files: int
    bytes: int
    problem: str | None = None


def superfluous(found: Iterable[Archived], keep: Keep) -> list[str]:
    """The names of those that no rule keeps; `found` is newest first. Of the proven ones the newest always stays."""
    backups = list(found)
    kept = {backup.name for backup in backups[:1]}
    kept |= {backup.name for backup in [one for one in backups if one.proven_at][:1]}
    rules: tuple[tuple[int, Callable[[datetime], Hashable]], ...] = (
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
        (keep.monthly, lambda at: (at.year, at.month)),
    )
    for most, period in rules:
        newest: dict[Hashable, str] = {}
        for backup in backups:
            newest.setdefault(period(backup.made_at), backup.name)
        kept |= set(list(newest.values())[:most])
    return [backup.name for backup in backups if backup.name not in kept]


def prune(place: Shelf, keep: Keep, opening: Opening, *, only_say: bool = False) -> Pruned:
    """Remove what no rule keeps, then the files that no archive names any more; the caller holds the shelf.

    While one archive cannot be read, nobody knows which files it names: then no file goes, and `problem` says so.
    """
    going = superfluous(shelf.listed(place), keep)
    if not only_say:
        for name in going:
            place.remove(name + PROOF)
            place.remove(name + ARCHIVE)
    named = set[str]()
    for name in shelf.names(place):
        if name in going:
            continue
        try:
            with place.open(name + ARCHIVE) as sealed:
                said, _ = archive.manifest_of(sealed, opening.identities, f"{place.where}/{name}{ARCHIVE}")
        except Broken as error:
            return Pruned(going, 0, 0, f"No file was removed, for nobody can say which ones {name} needs: {error}")
        named |= {shelf.content_key(file.sha256) for file in said.files}
    unnamed = {key: size for key, size in place.sizes(CONTENT).items() if key not in named}
    if not only_say:
        for key in unnamed:
            place.remove(key)
    return Pruned(going, len(unnamed), sum(unnamed.values()))
