"""An assistant's first page, gathered from the rooms (SPEC WA-11)."""

from zoneinfo import ZoneInfo

from esante.admin.structs import AssistantDashboard
from esante.kernel import clock
from esante.kernel.transaction import LookTx
from esante.scheduling import service as scheduling
from esante.scheduling.structs import AppointmentFilter
from esante.workplaces import service as workplaces


def assistant_dashboard(tx: LookTx) -> AssistantDashboard:
    """Doctors, workplaces, open invitations, and today's visits for who may see the agenda. One audit line for the list.

    No policy of its own: each room asks, the first one whether this is an assistant.
    """
    today = clock.local_date(tx.now, ZoneInfo(tx.settings.time_zone))
    sees_agenda = tx.actor.has_scope("schedule.read") or tx.actor.has_scope("schedule.write")
    return AssistantDashboard(
        doctors=workplaces.list_own_doctors(tx),
        workplaces=workplaces.list_own_workplaces(tx),
        invitations=workplaces.list_own_invitations(tx).items,
        requests=scheduling.list_appointments(tx, AppointmentFilter(status="pending"), None, 100).items
        if sees_agenda
        else [],
        today=scheduling.list_day(tx, today, AppointmentFilter()).items if sees_agenda else [],
    )
