"""The HTTP door of who works where: a practitioner's own sites, their assistants, and what assistants answer."""

from typing import Annotated, Any

from litestar import Response, Router, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from esante.kernel.access import OPEN, OPEN_BODY, SIGNED_IN, roles
from esante.kernel.dependencies import Db, House, IfMatch, Me, OnceKey, tagged
from esante.kernel.errors import Gone
from esante.kernel.structs import Page
from esante.people.structs import PractitionerId
from esante.workplaces.assistants import service as assistants
from esante.workplaces.invitations import service as invitations
from esante.workplaces.members import service as members
from esante.workplaces.structs import (
    Assignment,
    AssignmentId,
    AssistedDoctor,
    AssistedWorkplace,
    DoctorWorkplace,
    Invitation,
    InvitationAnswer,
    InvitationId,
    InvitationMade,
    InvitationStatus,
    InvitationWish,
    Joined,
    JoinWish,
    Leaving,
    NewWorkplace,
    Removal,
    ScopesWish,
    WorkplaceId,
)

Limit = Annotated[int, QueryParameter(ge=1, le=100)]
Cursor = FromQuery[str | None]
Turnstile = NamedDependency[Any]
"""Parameter name `door`: counts the tries at a code, as identity's own routes do."""
DOCTOR = roles("doctor")
INVITERS = roles("doctor", "admin")
ASSISTANT = roles("assistant")

# ------------------------------------------------------------------------- a doctor's sites


@get("/doctors/workplaces", access=DOCTOR)
async def list_own_workplaces(db: Db, actor: Me) -> Page[DoctorWorkplace]:
    """Where the signed-in doctor works, the primary site first."""
    return Page(items=db.read(actor, members.list_own))


@post("/doctors/workplaces", access=DOCTOR)
async def open_own_workplace(
    data: JSONBody[NewWorkplace], db: Db, actor: Me, once: OnceKey
) -> Response[DoctorWorkplace]:
    """Open a site of one's own. A doctor whose licence is not verified gets 403 NOT_VERIFIED."""
    return tagged(await db.write_once(once, actor, members.open_own, data), 201)


@get("/doctors/workplaces/{workplace_id:str}", access=DOCTOR)
async def show_own_workplace(workplace_id: FromPath[str], db: Db, actor: Me) -> Response[DoctorWorkplace]:
    """One site where the signed-in doctor works."""
    return tagged(db.read(actor, members.show_own, WorkplaceId(workplace_id)))


@put("/doctors/workplaces/{workplace_id:str}", access=DOCTOR)
async def change_own_workplace(
    workplace_id: FromPath[str], data: JSONBody[NewWorkplace], db: Db, actor: Me, version: IfMatch
) -> Response[DoctorWorkplace]:
    """Change the whole of a site that one opened."""
    return tagged(await db.write(actor, members.change_own, WorkplaceId(workplace_id), version, data))


@get("/doctors/{practitioner_id:str}/workplaces", access=OPEN)
async def list_doctor_workplaces(practitioner_id: FromPath[str], db: Db, actor: Me) -> Page[DoctorWorkplace]:
    """Where a doctor can be visited, with hours and fee there."""
    return Page(items=db.read(actor, members.list_doctor_workplaces, PractitionerId(practitioner_id)))


# --------------------------------------------------------------------- a doctor's assistants


@get("/doctors/assistants", access=INVITERS)
async def list_assistants(
    db: Db, actor: Me, ended: FromQuery[bool] = False, cursor: Cursor = None, limit: Limit = 20
) -> Page[Assignment]:
    """Who assists at the doctor's sites (an admin: at all); with `ended=true` also who did."""
    return db.read(actor, assistants.list_assistants, cursor, limit, ended=ended)


@patch("/doctors/assistants/{assignment_id:str}", access=INVITERS)
async def change_scopes(
    assignment_id: FromPath[str], data: JSONBody[ScopesWish], db: Db, actor: Me, version: IfMatch
) -> Response[Assignment]:
    """What the assistant may do at the site from the next request on."""
    return tagged(await db.write(actor, assistants.change_scopes, AssignmentId(assignment_id), version, data))


@post("/doctors/assistants/{assignment_id:str}/remove", access=INVITERS, status_code=200)
async def remove_assistant(assignment_id: FromPath[str], data: JSONBody[Removal], db: Db, actor: Me) -> Assignment:
    """End an assistant's work at the site, with a reason. It acts on the next request."""
    return await db.write(actor, assistants.remove, AssignmentId(assignment_id), data)


@post("/doctors/invite-assistant", access=INVITERS)
async def invite_assistant(data: JSONBody[InvitationWish], db: Db, actor: Me, once: OnceKey) -> InvitationMade:
    """Invite somebody to assist at a site. `code` comes back when the address has no account: hand it over."""
    made = await db.write_once(once, actor, invitations.invite, data)
    return InvitationMade(invitation=made, code=db.read(actor, invitations.code_for, made.id))


@get("/doctors/invitations", access=INVITERS)
async def list_sent_invitations(
    db: Db,
    actor: Me,
    status: FromQuery[InvitationStatus | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[Invitation]:
    """What was sent, newest first."""
    return db.read(actor, invitations.list_invitations, status, cursor, limit)


@post("/doctors/invitations/{invitation_id:str}/cancel", access=INVITERS, status_code=200)
async def cancel_invitation(invitation_id: FromPath[str], db: Db, actor: Me) -> Invitation:
    """Take back an open invitation; any other is 409 WRONG_STATE."""
    return await db.write(actor, invitations.cancel_invitation, InvitationId(invitation_id))


# ------------------------------------------------------------------------------- assistants


@get("/assistants/doctors", access=ASSISTANT)
async def list_assisted_doctors(db: Db, actor: Me) -> Page[AssistedDoctor]:
    """The doctors of the sites where the assistant works."""
    return Page(items=db.read(actor, assistants.list_own_doctors))


@get("/assistants/workplaces", access=ASSISTANT)
async def list_assisted_workplaces(db: Db, actor: Me) -> Page[AssistedWorkplace]:
    """The sites where the assistant works, and what they may do there."""
    return Page(items=db.read(actor, assistants.list_own_workplaces))


@get("/assistants/invitations", access=SIGNED_IN)
async def list_received_invitations(
    db: Db,
    actor: Me,
    status: FromQuery[InvitationStatus | None] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[Invitation]:
    """What the signed-in account was invited to, newest first; `status=pending` for what waits for an answer."""
    return db.read(actor, invitations.list_own_invitations, status, cursor, limit)


@post("/assistants/respond-invite", access=SIGNED_IN, status_code=200)
async def respond_invite(data: JSONBody[InvitationAnswer], db: Db, actor: Me) -> Invitation:
    """Accept or reject. Too late is 410, answered or cancelled before is 409."""
    return await db.write(actor, invitations.respond, data)


@post("/assistants/join", access=OPEN, pace="own", request_max_body_size=OPEN_BODY)
async def join(data: JSONBody[JoinWish], db: Db, actor: Me, clinic: House, door: Turnstile) -> Joined:
    """Make an assistant's account by an invitation code, and accept with it. A code that does not fit is 410."""
    attempt = door.throttle.try_at(f"join {data.email.strip().casefold()}", actor.address, door.now())
    if not db.read(actor, invitations.check_code, data):
        await db.write(actor, invitations.note_wrong_code)
        raise _no_code()
    hashed = await clinic.passwords.hash(data.password)
    joined = await db.write(actor, invitations.join, data, hashed)
    if joined is None:
        raise _no_code()
    attempt.forgive()
    return joined


@post("/assistants/leave", access=ASSISTANT, status_code=200)
async def leave(data: JSONBody[Leaving], db: Db, actor: Me) -> Assignment:
    """Leave a site, with a reason. It acts on the next request."""
    return await db.write(actor, assistants.leave, data)


def _no_code() -> Gone:
    return Gone("This code is wrong, was used, or has run out. Ask for a new invitation", code="CODE_REFUSED")


router = Router(
    "/",
    route_handlers=[
        list_own_workplaces,
        open_own_workplace,
        show_own_workplace,
        change_own_workplace,
        list_doctor_workplaces,
        list_assistants,
        change_scopes,
        remove_assistant,
        invite_assistant,
        list_sent_invitations,
        cancel_invitation,
        list_assisted_doctors,
        list_assisted_workplaces,
        list_received_invitations,
        respond_invite,
        join,
        leave,
    ],
    tags=["Workplaces"],
)
