"""Message catalogues (.po) are compiled (.mo) when the package is built or installed, and by `scripts/env` when they changed."""

from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(root: Path) -> None:
    """Compile each `esante/locales/<language>/LC_MESSAGES/esante.po` that is newer than its compiled form."""
    for source in sorted((root / "esante" / "locales").rglob("*.po")):
        compiled = source.with_suffix(".mo")
        if compiled.exists() and compiled.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as text, compiled.open("wb") as out:
            write_mo(out, read_po(text, locale=source.parts[-3]))


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """The build's part."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_catalogues(Path(self.root))


if __name__ == "__main__":
    compile_catalogues(Path(__file__).parent.parent)
