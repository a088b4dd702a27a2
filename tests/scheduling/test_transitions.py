"""Every verb in every state: what the table of SPEC 25 allows happens, anything else is a conflict that names what is possible."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, get_args

import pytest

from esante.kernel.errors import Conflict
from esante.kernel.transaction import WriteTx
from esante.scheduling import service, states
from esante.scheduling.structs import Appointment, Because, RescheduleRequest, Status
from tests.scheduling.practice import MONDAY, Practice, hours

TEN = MONDAY + hours(2)
WHY = Because(reason="Because")
STATES = get_args(Status)
VERBS: dict[str, Callable[..., Any]] = {
    "confirm": service.confirm_appointment,
    "reject": service.reject_appointment,
    "cancel": service.cancel_appointment,
    "move": service.move_appointment,
    "check_in": service.check_in_patient,
    "start": service.start_visit,
    "complete": service.complete_appointment,
    "no_show": service.mark_no_show,
}


async def in_state(practice: Practice, status: str) -> Appointment:
    """An appointment of today that has come to this state by the use cases alone."""
    kept = await practice.book("driss", TEN)
    path: dict[str, list[tuple[str, tuple[Any, ...]]]] = {
        "pending": [],
        "confirmed": [("confirm", ())],
        "checked_in": [("confirm", ()), ("check_in", ())],
        "in_progress": [("confirm", ()), ("check_in", ()), ("start", ())],
        "completed": [("confirm", ()), ("check_in", ()), ("start", ()), ("complete", ())],
        "no_show": [("confirm", ()), ("no_show", ())],
        "rejected": [("reject", (WHY,))],
        "cancelled": [("cancel", (WHY,))],
        "expired": [],
    }
    for verb, args in path[status]:
        if verb == "complete":
            practice.at = TEN
        if verb == "no_show":
            practice.at = TEN + hours(1)
        kept = await practice.do("amina", VERBS[verb], kept.id, *args)
    practice.at = TEN + hours(1) if status != "pending" else practice.at
    return kept


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", STATES)
async def test_it_works_or_is_refused_by_the_table(practice: Practice, status: str, verb: str) -> None:
    kept = await in_state(practice, status)
    args: tuple[Any, ...] = ()
    if verb in ("reject", "cancel"):
        args = (WHY,)
    if verb == "move":
        args = (RescheduleRequest(starts_at=TEN + hours(5)),)
    allowed = states.TRANSITIONS[verb].get(status)  # type: ignore[index, call-overload]
    if allowed is None:
        with pytest.raises(Conflict) as refused:
            await practice.do("amina", VERBS[verb], kept.id, *args)
        assert refused.value.code == "WRONG_STATE"
        assert refused.value.extra["state"] == status
        assert verb not in refused.value.extra["possible"]
    else:
        changed = await practice.do("amina", VERBS[verb], kept.id, *args)
        assert changed.status == allowed
        assert changed.version == kept.version + 1


@pytest.mark.parametrize("status", STATES)
async def test_only_a_live_appointment_takes_time(practice: Practice, status: str) -> None:
    kept = await in_state(practice, status)
    if status == "expired":
        await practice.do("house", service.expire_hold, kept.id)
    assert practice.taken(kept.id) == (2 if status in states.LIVE else 0)


async def test_a_hold_expires_once_and_only_when_its_time_has_come(practice: Practice) -> None:
    kept = await practice.book("driss", TEN + timedelta(days=3))
    await practice.do("house", service.expire_hold, kept.id)
    assert practice.taken(kept.id) == 2
    practice.at += hours(24)
    await practice.do("house", service.expire_hold, kept.id)
    await practice.do("house", service.expire_hold, kept.id)
    assert practice.actions(kept.id).count("appointment.expired") == 1


async def test_expiry_is_true_before_the_job_has_run(practice: Practice) -> None:
    kept = await practice.book("driss", TEN)
    practice.at = TEN

    def stored(tx: WriteTx) -> Appointment:
        return service.appointment_for(tx, kept.id)

    assert (await practice.do("house", stored)).status == "expired"
