"""The HTTP door of identity: signing in and out, confirming, passwords, sessions, and the admin's accounts."""

import ipaddress
from typing import Annotated, Any

from litestar import Request, Response, Router, delete, get, post
from litestar.openapi import ResponseSpec
from litestar.params import JSONBody, QueryParameter
from msgspec import convert

from esante.identity import tries
from esante.identity.accounts import service as accounts
from esante.identity.desk.routes import router as desk_routes
from esante.identity.door import ACCESS_LASTS, Door, Gate, cookie
from esante.identity.first_admin import service as first_admin
from esante.identity.leaving.routes import router as leaving_routes
from esante.identity.passwords import service as passwords
from esante.identity.passwords.rules import check_password
from esante.identity.second_factor.routes import router as second_factor_routes
from esante.identity.sessions import service as sessions
from esante.identity.sessions.structs import Opened, Refresh, SessionView
from esante.identity.sign_in import service as sign_in
from esante.identity.sign_in.service import TICKET
from esante.identity.sign_in.structs import CodeNeeded, RoleSwitch, SecondFactorGiven, SignedIn, SignIn, Verdict
from esante.identity.structs import (
    Accepted,
    Account,
    AccountFilter,
    AccountRoleName,
    AccountStatus,
    AddressAsked,
    AddressConfirmation,
    CodeConfirmation,
    FirstAdmin,
    OneTimeMail,
    PasswordChange,
    PasswordReset,
    StatusReason,
)
from esante.identity.structs import Me as MeView
from esante.kernel.access import OPEN, OPEN_BODY, SIGNED_IN, roles
from esante.kernel.clinic import Clinic
from esante.kernel.dependencies import Db, House, Me
from esante.kernel.errors import Conflict, Forbidden, Gone, Invalid, Unauthenticated
from esante.kernel.structs import AccountId, Page

ADMIN = roles("admin")
ANY_STATE = ("locked", "enrolling")
CODE_NEEDED = ResponseSpec(
    CodeNeeded, generate_examples=False, description="The password was right: a code of the second factor is needed"
)


# ---------------------------------------------------------------------------------- signing in


@post("/auth/login", access=OPEN, pace="own", status_code=200, responses={202: CODE_NEEDED})
async def log_in(
    request: Request[Any, Any, Any], db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[SignIn]
) -> Response[SignedIn] | Response[CodeNeeded]:
    """Sign in with e-mail address or mobile number. Unknown or wrong is the same 401, too many tries the same 429.

    Apps get tokens. A browser asks with `cookie: true` and gets a cookie, over an encrypted connection or from this very
    machine only. Who has a second factor gets 202 and a ticket for `/auth/login/second-factor`.
    """
    if data.cookie and request.scope["scheme"] != "https" and not _is_loopback(actor.address):
        raise Forbidden(
            "Browsers may sign in from this machine only until the connection is encrypted", code="COOKIE_NEEDS_TLS"
        )
    who = db.read(actor, sign_in.candidate, data)
    attempt = tries.at_password(door, actor, who, data.device_id)
    old = who.account.password_hash if who.account else None
    is_right = await tries.hashed(attempt, clinic.passwords.verify(old, data.password, ahead=who.is_known))
    rehashed = None
    if is_right and old and clinic.passwords.is_outgrown(old):
        rehashed = await tries.hashed(attempt, clinic.passwords.hash(data.password, ahead=who.is_known))
    verdict = await db.write(actor, sign_in.sign_in, data, who.account, is_right, rehashed)
    if verdict.outcome != "invalid":
        attempt.forgive()
    return _answer(verdict, door)


@post("/auth/login/second-factor", access=OPEN, pace="own", status_code=200)
async def finish_sign_in(
    db: Db, actor: Me, door: Gate, data: JSONBody[SecondFactorGiven]
) -> Response[SignedIn] | Response[CodeNeeded]:
    """The code of the authenticator app, or a recovery code, for the ticket of a sign-in. Each code works once."""
    ticket = db.read(actor, sign_in.candidate_of_ticket, data)
    is_known = ticket is not None and db.read(actor, sign_in.knows_device, ticket)
    attempt = tries.at_code(door, actor, ticket, is_known)
    verdict = await db.write(actor, sign_in.finish_sign_in, data)
    if verdict.outcome == "invalid":
        raise Unauthenticated("This code is wrong, or was used already", code="CODE_INVALID")
    if verdict.outcome == "ticket_dead":
        raise Unauthenticated("Please sign in again from the beginning", code="TICKET_INVALID")
    attempt.forgive()
    return _answer(verdict, door)


@post("/auth/refresh-token", access=OPEN, pace="own", status_code=200)
async def refresh_token(db: Db, actor: Me, door: Gate, data: JSONBody[Refresh]) -> SignedIn:
    """Spend a refresh token for a fresh pair. A spent one that comes back late or from elsewhere ends the session."""
    attempt = door.throttle.try_from(actor.address, door.now())
    opened = await db.write(actor, sessions.refresh, data)
    if opened is None:
        raise Unauthenticated("Your session has ended. Please sign in again", code="SESSION_ENDED")
    attempt.forgive()
    return _tokens(opened, door)


@post("/auth/switch-role", access=SIGNED_IN, status_code=200)
async def switch_role(
    db: Db, actor: Me, door: Gate, data: JSONBody[RoleSwitch]
) -> Response[SignedIn] | Response[CodeNeeded]:
    """Go on in another role of the same account, in a new session."""
    return _answer(await db.write(actor, sign_in.switch_role, data), door)


@post("/auth/logout", access=SIGNED_IN, even=ANY_STATE, status_code=204)
async def log_out(db: Db, actor: Me) -> Response[None]:
    """End this session."""
    await db.write(actor, sessions.log_out)
    return Response(None, status_code=204, cookies=[cookie("", max_age=0)])


@post("/auth/logout-all", access=SIGNED_IN, even=("enrolling",), status_code=204)
async def log_out_everywhere(db: Db, actor: Me) -> Response[None]:
    """End every session of this account."""
    await db.write(actor, sessions.log_out_everywhere)
    return Response(None, status_code=204, cookies=[cookie("", max_age=0)])


@get("/auth/sessions", access=SIGNED_IN)
async def list_sessions(db: Db, actor: Me) -> Page[SessionView]:
    """One's live sessions, the current one flagged."""
    return db.read(actor, sessions.list_sessions)


@delete("/auth/sessions/{session_id:str}", access=SIGNED_IN)
async def end_session(db: Db, actor: Me, session_id: str) -> None:
    """End one of one's own sessions."""
    await db.write(actor, sessions.end_own_session, session_id)


@get(["/auth/me", "/users/me"], access=SIGNED_IN, even=("enrolling",))
async def me(db: Db, actor: Me) -> MeView:
    """Who is signed in, and in which role."""
    return db.read(actor, accounts.me)


def _answer(verdict: Verdict, door: Door) -> Response[SignedIn] | Response[CodeNeeded]:
    """The refusals of a sign-in come here, after their count is kept."""
    if verdict.outcome == "invalid":
        raise Unauthenticated("The address or the password is wrong", code="INVALID_CREDENTIALS")
    if verdict.outcome == "not_verified":
        raise Forbidden("Please confirm your address first", code="EMAIL_NOT_VERIFIED")
    if verdict.outcome == "deactivated":
        raise Forbidden("This account is deactivated. Please ask the clinic", code="ACCOUNT_DEACTIVATED")
    if verdict.outcome == "role_missing":
        raise Forbidden("This account has no such role", code="ROLE_MISSING")
    if verdict.ticket:
        needed = CodeNeeded(ticket=verdict.ticket, expires_in=int(TICKET.total_seconds()))
        return Response(needed, status_code=202)
    if verdict.outcome == "role_needed" or verdict.opened is None:
        raise Conflict("This account has several roles: choose one", code="ROLE_NEEDED", extra={"roles": verdict.roles})
    token = verdict.opened.cookie_token
    answer = _tokens(verdict.opened, door, verdict.account)
    return Response(answer, cookies=[cookie(token)] if token else [])


def _tokens(opened: Opened, door: Door, account: MeView | None = None) -> SignedIn:
    view = convert(opened.session, SessionView, from_attributes=True)
    parts: dict[str, object] = {"session": view, "enrolling": opened.session.enrolling}
    if account:
        parts["account"] = account
    if opened.refresh_token:
        parts["access_token"] = door.access_token(opened.session)
        parts["refresh_token"] = opened.refresh_token
        parts["expires_in"] = int(ACCESS_LASTS.total_seconds())
    return SignedIn(**parts)  # type: ignore[arg-type]


def _is_loopback(address: str | None) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


# ---------------------------------------------------------------------------------- confirming


@post("/auth/verify-email", access=OPEN, pace="own", status_code=200)
async def verify_email(db: Db, actor: Me, door: Gate, data: JSONBody[AddressConfirmation]) -> Accepted:
    """Confirm an address by the link of the mail."""
    attempt = door.throttle.try_from(actor.address, door.now())
    if not await db.write(actor, accounts.confirm_by_link, data):
        raise Gone("This link does not work any more. Ask for a new one", code="LINK_INVALID")
    attempt.forgive()
    return Accepted()


@post("/auth/verify-otp", access=OPEN, pace="own", status_code=200)
async def verify_code(db: Db, actor: Me, door: Gate, data: JSONBody[CodeConfirmation]) -> Accepted:
    """Confirm an address by the six digits of the mail."""
    attempt = door.throttle.try_from(actor.address, door.now())
    if not await db.write(actor, accounts.confirm_by_code, data):
        raise Invalid("This code is wrong or too old. Ask for a new one", code="CODE_INVALID", field="code")
    attempt.forgive()
    return Accepted()


@post("/auth/resend-otp", access=OPEN, pace="tries", status_code=202)
async def resend_code(db: Db, actor: Me, data: JSONBody[AddressAsked]) -> Accepted:
    """Send a fresh link and code, at most once a minute and five times an hour. The answer is always the same."""
    await db.write(actor, accounts.resend_confirmation, data)
    return Accepted()


@post("/auth/first-admin", access=OPEN, pace="own")
async def make_first_admin(db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[FirstAdmin]) -> Accepted:
    """Make the clinic's first admin, by the code that the console printed."""
    check_password(data.password, data.email, db.settings)
    attempt = door.throttle.try_from(actor.address, door.now())
    hashed = await clinic.passwords.hash(data.password)
    if await db.write(actor, first_admin.make_first_admin, data, hashed) is None:
        raise Forbidden("This code does not work", code="CODE_INVALID")
    attempt.forgive()
    return Accepted()


# ----------------------------------------------------------------------------------- passwords


@post("/auth/forgot-password", access=OPEN, pace="tries", status_code=202)
async def forgot_password(db: Db, actor: Me, data: JSONBody[AddressAsked]) -> Accepted:
    """Send a reset link and code. The answer is always the same."""
    await db.write(actor, passwords.ask_for_reset, data)
    return Accepted()


@post("/auth/reset-password", access=OPEN, pace="own", status_code=200)
async def reset_password(db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[PasswordReset]) -> Accepted:
    """Set a new password by link, or by address and code; every session of the account is ended."""
    check_password(data.password, data.email, db.settings)
    attempt = door.throttle.try_from(actor.address, door.now())
    account_id = db.read(actor, passwords.account_to_reset, data)
    await _refuse_old(clinic, db.read(actor, passwords.passwords_so_far, account_id), data.password, "password")
    hashed = await clinic.passwords.hash(data.password)
    if not await db.write(actor, passwords.reset_password, data, hashed):
        raise Gone("This link or code does not work any more. Ask for a new one", code="RESET_INVALID")
    attempt.forgive()
    return Accepted()


@post("/auth/change-password", access=SIGNED_IN, status_code=200)
async def change_password(db: Db, actor: Me, clinic: House, door: Gate, data: JSONBody[PasswordChange]) -> Accepted:
    """Set a new password; the other sessions are ended."""
    found = db.read(actor, passwords.own_credentials)
    check_password(data.new_password, found.email, db.settings, "newPassword")
    await tries.check_own_password(clinic, door, actor, data.current_password, "currentPassword")
    old = db.read(actor, passwords.passwords_so_far, found.id)
    await _refuse_old(clinic, old, data.new_password, "newPassword")
    await db.write(actor, passwords.change_password, await clinic.passwords.hash(data.new_password))
    return Accepted()


async def _refuse_old(clinic: Clinic, old: list[str], password: str, field: str) -> None:
    for hashed in old:
        if await clinic.passwords.verify(hashed, password):
            raise Invalid("Choose a password that you did not have before", code="PASSWORD_REUSED", field=field)


# -------------------------------------------------------------------------------- admin's part


@get("/admin/users", access=ADMIN)
async def list_accounts(
    db: Db,
    actor: Me,
    role: AccountRoleName | None = None,
    status: AccountStatus | None = None,
    search: Annotated[str | None, QueryParameter(max_length=100)] = None,
    cursor: str | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20,
) -> Page[Account]:
    """Accounts, newest first, by role, status, or a part of address or mobile number."""
    asked = AccountFilter(role=role, status=status, search=search, cursor=cursor, limit=limit)
    return await db.scan(actor, accounts.list_accounts, asked)


@post("/admin/users/{account_id:str}/suspend", access=ADMIN, status_code=200)
async def suspend_account(db: Db, actor: Me, account_id: str, data: JSONBody[StatusReason]) -> Account:
    """End every session of the account and let it sign in no more."""
    return await db.write(actor, accounts.suspend_account, AccountId(account_id), data.reason)


@post("/admin/users/{account_id:str}/reactivate", access=ADMIN, status_code=200)
async def reactivate_account(db: Db, actor: Me, account_id: str) -> Account:
    """Let a suspended account sign in again."""
    return await db.write(actor, accounts.reactivate_account, AccountId(account_id))


@post("/admin/users/{account_id:str}/confirm", access=ADMIN, status_code=200)
async def confirm_in_person(db: Db, actor: Me, account_id: str) -> Account:
    """The person stands at the desk: confirm the account without mail."""
    return await db.write(actor, accounts.confirm_in_person, AccountId(account_id))


@post("/admin/users/{account_id:str}/reset", access=ADMIN, status_code=200)
async def issue_reset(db: Db, actor: Me, account_id: str) -> OneTimeMail:
    """A one-time reset slip to print and hand over, because mail may be absent."""
    return await db.write(actor, passwords.issue_reset, AccountId(account_id))


router = Router(
    "/",
    route_handlers=[
        second_factor_routes,
        desk_routes,
        leaving_routes,
        log_in,
        finish_sign_in,
        refresh_token,
        switch_role,
        log_out,
        log_out_everywhere,
        list_sessions,
        end_session,
        me,
        verify_email,
        verify_code,
        resend_code,
        make_first_admin,
        forgot_password,
        reset_password,
        change_password,
        list_accounts,
        suspend_account,
        reactivate_account,
        confirm_in_person,
        issue_reset,
    ],
    request_max_body_size=OPEN_BODY,
    tags=["Identity"],
)
