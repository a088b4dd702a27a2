"""The import as a whole: passes over the files, many transactions at once, one report.

The files are read four times, so that they may come in any order and none is ever held in memory as a whole: first people,
places and medications; then what belongs to an encounter is gathered; then the encounters; then the rest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from esante.interop.fhir import commands, names, references, vitals
from esante.interop.fhir.reading import Entry, find_files, folded, read_entries, unfolded
from esante.interop.fhir.report import ImportReport, Outcome
from esante.interop.fhir.values import AnotherPerson, Refused, items
from esante.kernel.actor import house
from esante.kernel.database import Database
from esante.kernel.errors import Refusal, Unavailable

HOUSE = house("interop:fhir")
FIRST = frozenset({"Patient", "Practitioner", "PractitionerRole", "Organization", "Location", "Medication"})
WINDOW = 256
"""How many resources are under way at once; they share commits."""
PASSES = 4

Progress = Callable[[int, int], None]


async def import_fhir(
    db: Database, paths: list[Path], *, source: str = "", progress: Progress = lambda done, total: None
) -> ImportReport:
    """Import files and folders of FHIR R4. What is refused is in the report; a second run adds nothing.

    Runs beside a live server, on a started database of its own. `progress` is told bytes done and bytes in all (the files,
    once for each pass). `source` names the system of resources that do not name it themselves: two systems may use the same ids.
    Raises `Unavailable` when the clinic cannot save; what came in until then stays, and is skipped
    by the next run.
    """
    run = _Run(db, find_files(paths), source.rstrip("/"), progress)
    await run.first_people_and_places()
    run.gather_visits()
    await run.then_encounters()
    await run.then_the_rest()
    await db.write(HOUSE, commands.end_import, run.report)
    return run.report


class _Run:
    """One import under way."""

    def __init__(self, db: Database, files: list[Path], source: str, progress: Progress) -> None:
        self.db, self.files, self.source, self.report = db, files, source, ImportReport()
        self._progress, self._done = progress, 0
        self._sizes = {file: file.stat().st_size if file.exists() else 0 for file in files}
        self._kinds: dict[Path, set[str]] = {}
        self._encounters: dict[str, set[str]] = {}
        """From each name of an encounter of these files to its keys."""
        self._diagnoses: dict[str, str] = {}
        """From each name of a condition that an encounter calls its diagnosis to the key of that encounter."""
        self._folded: dict[str, list[Entry]] = {}
        """From the key of an encounter to what may be folded into it."""
        self._came_along: set[tuple[str, bytes]] = set()
        """Key and digest of what was folded and is still to be passed over, once."""
        self._disputed: set[str] = set()
        """The names of patients who were refused because their key is somebody else's."""
        self._pending: list[Awaitable[None]] = []

    async def first_people_and_places(self) -> None:
        for file in self.files:
            kinds = self._kinds[file] = set()
            for entry in read_entries(file, self.source):
                self.report.read += 1
                if entry.broken is not None:
                    self.report.refuse(entry.file, entry.place, entry.broken)
                    continue
                kinds.add(entry.type)
                if entry.type in FIRST:
                    await self._add(self._one(entry))
                elif entry.type == "Encounter":
                    self._note_encounter(entry)
            self._advance(file)
        await self._flush()

    def gather_visits(self) -> None:
        """Find the conditions and vital signs of each encounter; the same one twice is gathered once."""
        seen: set[str] = set()
        for file in self.files:
            if self._kinds[file] & commands.VISIT and self._encounters:
                for entry in self._entries(file, commands.VISIT):
                    key = self._encounter_of(entry)
                    if key is not None and entry.key not in seen:
                        seen.add(entry.key)
                        self._folded.setdefault(key, []).append(folded(entry))
            self._advance(file)

    async def then_encounters(self) -> None:
        for file in self.files:
            if "Encounter" in self._kinds[file]:
                for entry in self._entries(file, {"Encounter"}):
                    await self._add(
                        self._encounter(entry, [unfolded(each) for each in self._folded.pop(entry.key, [])])
                    )
            self._advance(file)
        await self._flush()

    async def then_the_rest(self) -> None:
        for file in self.files:
            rest = self._kinds[file] - FIRST - {"Encounter"}
            for entry in self._entries(file, rest) if rest else ():
                if (entry.key, entry.digest) in self._came_along:
                    self._came_along.remove((entry.key, entry.digest))
                else:
                    await self._add(self._one(entry))
            self._advance(file)
        await self._flush()

    def _note_encounter(self, entry: Entry) -> None:
        for name in _names_of(entry):
            self._encounters.setdefault(name, set()).add(entry.key)
        for diagnosis in items(entry.resource.get("diagnosis")):
            for name in names.meant_by(diagnosis.get("condition"), ("Condition",), entry.base, entry.in_bundle):
                self._diagnoses.setdefault(name, entry.key)

    def _entries(self, file: Path, kinds: Iterable[str]) -> Iterable[Entry]:
        wanted = frozenset(kinds)
        return (entry for entry in read_entries(file, self.source) if entry.broken is None and entry.type in wanted)

    def _encounter_of(self, entry: Entry) -> str | None:
        """The key of the encounter of these files that a condition or a vital sign belongs to."""
        reference = entry.resource.get("encounter")
        if entry.type == "Condition" and not reference:
            return next((self._diagnoses[name] for name in _names_of(entry) if name in self._diagnoses), None)
        if not reference or (entry.type == "Observation" and vitals.measured(entry.resource) is None):
            return None
        for name in names.meant_by(reference, ("Encounter",), entry.base, entry.in_bundle):
            keys = self._encounters.get(name, set())
            if keys:
                return next(iter(keys)) if len(keys) == 1 else None
        return None

    async def _one(self, entry: Entry) -> None:
        try:
            self._check_disputed(entry)
            self.report.count(await self.db.write(HOUSE, commands.import_one, entry))
        except Exception as error:
            self._refused(entry, error)

    async def _encounter(self, entry: Entry, belongings: list[Entry]) -> None:
        try:
            self._check_disputed(entry)
            outcome, came_along = await self.db.write(HOUSE, commands.import_encounter, entry, belongings)
        except Exception as error:
            self._refused(entry, error)
            return
        self.report.count(outcome)
        for each in came_along:
            self.report.count("imported")
            self._came_along.add((each.key, each.digest))

    def _check_disputed(self, entry: Entry) -> None:
        if not self._disputed:
            return
        for name in references.SUBJECTS:
            meant = names.meant_by(entry.resource.get(name), ("Patient",), entry.base, entry.in_bundle)
            if self._disputed & set(meant):
                raise Refused("Its subject may be either of two patients who came in under one id")

    def _refused(self, entry: Entry, error: Exception) -> None:
        """A refusal goes into the report; that nothing can be saved at all ends the import."""
        if isinstance(error, Unavailable):
            raise error
        if isinstance(error, AnotherPerson):
            self._disputed |= set(_names_of(entry))
        known = isinstance(error, Refused | Refusal)
        reason = str(error) if known else f"It could not be understood ({type(error).__name__})"
        self.report.refuse(entry.file, entry.place, f"{entry.type}: {reason}")

    async def _add(self, work: Awaitable[None]) -> None:
        self._pending.append(work)
        if len(self._pending) >= WINDOW:
            await self._flush()

    async def _flush(self) -> None:
        pending, self._pending = self._pending, []
        await asyncio.gather(*pending)

    def _advance(self, file: Path) -> None:
        self._done += self._sizes[file]
        self._progress(self._done, sum(self._sizes.values()) * PASSES)


def _names_of(entry: Entry) -> list[str]:
    return [entry.key, *names.aliases_of(entry.resource, entry.key, entry.full_url)]


__all__ = ["ImportReport", "Outcome", "import_fhir"]
