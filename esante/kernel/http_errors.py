"""From refusals, and from the framework's own errors, to the one shape of a failure (SPEC R11)."""

import errno
import re
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from esante.kernel.errors import DiskFull, Refusal
from esante.kernel.i18n import preferred, translate

log = structlog.get_logger(__name__)

Anyone = Request[Any, Any, Any]


class Fault(msgspec.Struct, frozen=True):
    """One field at fault, in the API's spelling."""

    field: str
    message: str


class Failure(msgspec.Struct, frozen=True, rename="camel"):
    """What went wrong. `code` and `field` are stable; `message` is for the person, in their language."""

    code: str
    message: str
    request_id: str
    details: list[Fault] = []
    extra: dict[str, Any] = {}


class FailureAnswer(msgspec.Struct, frozen=True):
    """Every answer with a status of 400 and above has this body."""

    error: Failure


CODES = {
    400: "VALIDATION_ERROR",
    401: "UNAUTHENTICATED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    413: "TOO_LARGE",
    415: "UNSUPPORTED_TYPE",
}

MESSAGES = {
    404: "There is nothing at this address",
    405: "This method is not allowed here",
    413: "The request is too large",
    415: "This kind of content is not understood here; send application/json",
}
"""By status, for what the framework refuses."""

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `([^`]+)`")
_MISSING_FIELD = re.compile(r"Object missing required field `([^`]+)`")
_MISSING_PARAMETER = re.compile(r"Missing required .*parameter '([^']+)'")
_WORDS = (
    (_UNKNOWN_FIELD, "unknown field"),
    (_MISSING_FIELD, "required field is missing"),
    (_MISSING_PARAMETER, "required parameter is missing"),
)
_PLACE = re.compile(r" - at `(?:\$\.?)?([^`]*)`")


def refuse(request: Anyone, error: Refusal) -> Response[FailureAnswer]:
    """A rule's refusal."""
    language = _language(request)
    message = translate(language, error.message, **error.values)
    details = [Fault(error.field, message)] if error.field else []
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return _answer(request, error.status, error.code, message, details, error.extra, headers)


def refuse_request(request: Anyone, error: HTTPException) -> Response[FailureAnswer]:
    """The framework's refusal: no such route, wrong method, body or parameter that does not fit."""
    code = CODES.get(error.status_code, "REFUSED")
    headers = {key: value for key, value in (error.headers or {}).items() if key.lower() == "allow"}
    if isinstance(error, ValidationException) or error.status_code == 400:
        details = faults(error)
        message = translate(_language(request), "The request does not fit: {why}", why=_summary(details, error.detail))
        return _answer(request, 400, code, message, details, {}, headers)
    message = translate(_language(request), MESSAGES.get(error.status_code, "The request was refused"))
    return _answer(request, error.status_code, code, message, [], {}, headers)


def confess(request: Anyone, error: Exception) -> Response[FailureAnswer]:
    """A fault of ours: logged with its trace, told without. A disk without room is no fault of ours."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return refuse(request, DiskFull("The disk is full: nothing can be saved until space is freed", retry_after=60))
    log.error("request_failed", route=request.scope.get("path_template"), exc_info=error)
    message = translate(_language(request), "Something went wrong here. It was noted; nothing was changed")
    return _answer(request, HTTP_500_INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message, [], {}, {})


def faults(error: HTTPException) -> list[Fault]:
    """Which fields, from what msgspec and the framework say. msgspec stops at the first."""
    found = []
    for item in error.extra if isinstance(error.extra, list) else []:
        if isinstance(item, dict):
            found.append(fault(str(item.get("key") or ""), str(item.get("message") or "")))
    return found or [fault("", error.detail)]


def fault(key: str, message: str) -> Fault:
    """`Object contains unknown field `x` - at `$.a`` → field `a.x`."""
    place = key if key != "data" else ""
    if at := _PLACE.search(message):
        place = at.group(1) or place
        message = message[: at.start()]
    for pattern, words in _WORDS:
        if named := pattern.search(message):
            name = named.group(1)
            return Fault(f"{place}.{name}" if place else name, words)
    return Fault(place, message)


def _summary(details: list[Fault], fallback: str) -> str:
    return "; ".join(f"{one.field}: {one.message}" if one.field else one.message for one in details) or fallback


def _language(request: Anyone) -> str:
    """What the request asks for, else what the account was given, else the clinic's."""
    actor: Any = request.scope.get("actor")
    fallback = actor.language if actor and actor.role != "anonymous" else request.scope.get("language")
    return preferred(request.headers.get("accept-language"), str(fallback or "fr"))


def _answer(
    request: Anyone,
    status: int,
    code: str,
    message: str,
    details: list[Fault],
    extra: dict[str, Any],
    headers: dict[str, str],
) -> Response[FailureAnswer]:
    request_id = str(request.scope.get("request_id", ""))
    body = FailureAnswer(Failure(code, message, request_id, details, extra))
    return Response(body, status_code=status, headers=headers, media_type="application/json")
