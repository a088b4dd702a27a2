"""The filters of the audit log as a request gives them, for the list and for the export."""

from datetime import datetime
from typing import Annotated

from litestar.di import Provide
from litestar.params import FromQuery, QueryParameter

from esante.audit.structs import AuditFilter
from esante.kernel.dependencies import Me
from esante.kernel.structs import Outcome, Severity


def asked_filter(
    actor: Me,
    user_id: Annotated[str | None, QueryParameter(name="userId")] = None,
    patient_id: Annotated[str | None, QueryParameter(name="patientId")] = None,
    action: FromQuery[str | None] = None,
    category: FromQuery[str | None] = None,
    severity: FromQuery[Severity | None] = None,
    outcome: FromQuery[Outcome | None] = None,
    since: Annotated[datetime | None, QueryParameter(name="from")] = None,
    until: Annotated[datetime | None, QueryParameter(name="to")] = None,
) -> AuditFilter:
    """Every filter that is given must hold. After the actor, so that the framework runs no task for it; see `App`."""
    return AuditFilter(
        actor=user_id,
        patient_id=patient_id,
        action=action,
        category=category,
        severity=severity,
        outcome=outcome,
        since=since,
        until=until,
    )


FILTER = {"wanted": Provide(asked_filter, sync_to_thread=False)}
