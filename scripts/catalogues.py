"""Finds every message that a person may see, and keeps the catalogues complete: `scripts/fix` runs it.

Messages are written in English where they are used: the first argument of a refusal, the texts given to `translate` and to what
tells people. A new one gets an empty entry in each catalogue; one that is gone is dropped. A house test refuses empty entries.
"""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parent.parent
HOUSE = ROOT / "esante"
LOCALES = HOUSE / "locales"
SPEAKERS = {
    "Refusal", "Invalid", "Unauthenticated", "Forbidden", "NotFound", "Conflict", "Gone", "Stale", "TooLarge",
    "UnsupportedType", "Locked", "NotEnrolled", "VersionMissing", "TooMany", "Unavailable", "DiskFull",
}  # fmt: skip
TELLERS = {"translate", "tell", "_tell_doctor", "_tell_patient", "_tell_record", "_tell_person", "_form", "say"}
LETTERS = {"ONE_TIME_LETTERS", "MESSAGES"}
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
"""A date that never changes: the file changes when a message does."""
SENTENCE = re.compile(r"^[A-Z{].* ", re.S)


def messages() -> dict[str, list[str]]:
    """Each message with the files that use it."""
    found: dict[str, list[str]] = {}
    for file in sorted(HOUSE.rglob("*.py")):
        for message in _of(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(message, []).append(str(file.relative_to(ROOT)))
    return found


def _of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in SPEAKERS and node.args and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value)
            elif name in TELLERS:
                for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                    yield from _sentences(argument)
        elif isinstance(node, ast.Assign) and any(isinstance(to, ast.Name) and to.id in LETTERS for to in node.targets):
            yield from _sentences(node.value)


def _sentences(node: ast.AST) -> Iterator[str]:
    texts = (
        inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    )
    yield from (text for text in texts if SENTENCE.match(text) or text in ("Confirm", "Save"))


def catalogue(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=path.parts[-3])


def catalogues() -> list[Path]:
    return sorted(LOCALES.rglob("esante.po"))


def main() -> None:
    found = messages()
    for path in catalogues():
        known = catalogue(path)
        fresh = Catalog(
            locale=path.parts[-3],
            header_comment="# esante's messages; scripts/fix keeps the list, people write the translations.",
            project="esante",
            version="1",
            creation_date=EPOCH,
            revision_date=EPOCH,
            fuzzy=False,
        )
        for message in sorted(found):
            before = known.get(message)
            fresh.add(
                message, string=before.string if before else "", flags=["python-brace-format"] if "{" in message else []
            )
        with path.open("wb") as out:
            write_po(out, fresh, omit_header=False, width=120, ignore_obsolete=True)
        missing = sum(1 for one in fresh if one.id and not one.string)
        print(f"{path.relative_to(ROOT)}: {len(found)} messages, {missing} not translated")


if __name__ == "__main__":
    main()
