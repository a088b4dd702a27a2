"""Closing a site (SPEC WA-03)."""

from esante.kernel.errors import Conflict
from esante.kernel.transaction import WriteTx
from esante.workplaces import policy
from esante.workplaces.assistants import service as assistants
from esante.workplaces.events import WorkplaceClosing
from esante.workplaces.invitations import service as invitations
from esante.workplaces.members import service as members
from esante.workplaces.sites import service as sites
from esante.workplaces.structs import Workplace, WorkplaceId


def close_workplace(tx: WriteTx, workplace_id: WorkplaceId) -> Workplace:
    """Close a site, by its owner or an admin; what happened there stays. Closing it again changes nothing.

    Refused with counts while assistants work there or live appointments are to come (`IN_USE`), and for the clinic's own
    site. Open invitations are taken back, its practitioners work there no longer.
    """
    site = sites.workplace(tx, workplace_id)
    policy.may_change(tx, site)
    if not site.is_active:
        return site
    if site.is_primary:
        raise Conflict("The clinic's own workplace cannot be closed", code="OWN_WORKPLACE")
    working = assistants.count_active(tx, site.id)
    tx.record(WorkplaceClosing(subject=site.id, assistants=working))
    if working:
        raise in_use(working, 0)
    invitations.cancel_all(tx, site.id)
    members.dismiss_all(tx, site.id)
    return sites.mark_closed(tx, site)


def in_use(assistants: int, appointments: int) -> Conflict:
    """Why a site cannot be closed yet, with the counts. For other rooms."""
    return Conflict(
        "This workplace is still in use: {assistants} assistants, {appointments} appointments to come",
        code="IN_USE",
        extra={"assistants": assistants, "appointments": appointments},
        assistants=assistants,
        appointments=appointments,
    )
