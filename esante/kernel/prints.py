"""Paper: PDF by Typst from the templates in `esante/prints`, QR codes as SVG. In memory only: a print may hold a secret."""

from datetime import datetime
from io import BytesIO
from pathlib import Path

import segno
import typst

from esante.kernel import clock

TEMPLATES = Path(__file__).parent.parent / "prints"


def pdf(template: str, at: datetime | None = None, **inputs: str) -> bytes:
    """The PDF of `template` (without .typ) with these `sys.inputs`. A fault of the template is `typst.TypstError`.

    Nothing from outside is read: neither packages nor the machine's fonts, so the page looks the same everywhere.
    """
    made = typst.compile(
        (TEMPLATES / f"{template}.typ").read_bytes(),
        sys_inputs=inputs,
        ignore_system_fonts=True,
        format="pdf",
        timestamp=(at or clock.now()).replace(microsecond=0),
    )
    assert isinstance(made, bytes)
    return made


def qr_svg(text: str) -> str:
    """A QR code as an SVG image, with its quiet zone; error correction M, so that a crumpled sheet still reads."""
    out = BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", xmldecl=False, border=4, scale=4)
    return out.getvalue().decode()
