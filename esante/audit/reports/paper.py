"""The month's report as PDF."""

import msgspec

from esante.audit.reports.structs import MonthReport
from esante.kernel import prints


def paper(found: MonthReport) -> bytes:
    """The report on paper, with the checkpoint as text and as a QR code: kept in a drawer, it is a witness."""
    return prints.pdf(
        "audit_month",
        report=msgspec.json.encode(found).decode(),
        qr=prints.qr_svg(found.checkpoint) if found.checkpoint else "",
    )
