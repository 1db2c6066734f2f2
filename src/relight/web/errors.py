"""Says what went wrong: a page for browsers, JSON for programs; never a traceback."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect

from relight.kernel.faults import Denied, NotFound, Refused, RelightError, Unavailable
from relight.web.account import SignInNeeded, WebRequest
from relight.web.shell import page

log = structlog.get_logger("relight.web")
_FIELD = re.compile(r"`\$\.?([^`]*)`")
_STATUS: tuple[tuple[type[RelightError], int], ...] = (
    (SignInNeeded, 401),
    (Denied, 403),
    (NotFound, 404),
    (Unavailable, 503),
    (Refused, 409),
)
_WORDS = {
    400: ("invalid", "That request cannot be read."),
    404: ("not_found", "There is no such page."),
    405: ("method_not_allowed", "That cannot be done here."),
    413: ("too_large", "That is more than 1 MiB."),
    415: ("unsupported_media_type", "Send JSON, or a form."),
}


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why not: the word for programs, the sentence and next step for people.

    `field` names what was wrong in the request; `id` finds an unexpected fault in the log.
    """

    error: str
    sentence: str
    hint: str = ""
    field: str = ""
    id: str = ""


class _Finding(msgspec.Struct, frozen=True):
    """One thing that the framework found wrong in a request."""

    message: str = ""
    key: str = ""


class Invalid(RelightError):
    """A field of the request is wrong."""

    def __init__(self, sentence: str, *, field: str) -> None:
        """Take the sentence and the field's name."""
        super().__init__(sentence)
        self.field = field


def status_of(error: RelightError) -> int:
    """Give the HTTP status of one of our errors."""
    if isinstance(error, Invalid):
        return 400
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 409)


def wants_page(request: WebRequest) -> bool:
    """Whether a person with a browser asks, rather than a program."""
    if request.scope["path"].startswith("/api/"):
        return False
    return "text/html" in request.headers.get("accept", "")


def answer(request: WebRequest, status: int, problem: Problem) -> Response[Any]:
    """Say it in the form that was asked for."""
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
    if not wants_page(request):
        headers["Cache-Control"] = "no-store"
        return Response(problem, status_code=status, headers=headers, media_type="application/json")
    return page(
        request,
        "error.html",
        status=status,
        sentence=problem.sentence,
        hint=problem.hint,
        fault_id=problem.id,
    )


def ours(request: WebRequest, error: RelightError) -> Response[Any]:
    """Answer with an error of the house."""
    if isinstance(error, SignInNeeded) and wants_page(request) and request.method == "GET":
        return Redirect("/sign-in", query_params={"next": request.scope["path"]}, status_code=303)
    mask = request.app.state.house.masker.mask
    problem = Problem(
        error=type(error).name,
        sentence=mask(str(error)),
        hint=mask(error.hint),
        field=error.field if isinstance(error, Invalid) else "",
    )
    return answer(request, status_of(error), problem)


def framework(request: WebRequest, error: HTTPException) -> Response[Any]:
    """Answer with what the framework found wrong: no such page, a field that is not right."""
    if error.status_code >= 500:
        return unexpected(request, error)
    word, sentence = _WORDS.get(error.status_code, ("refused", error.detail))
    field = ""
    if error.status_code == 400:
        sentence, field = _what_is_wrong(error)
    response = answer(
        request, error.status_code, Problem(error=word, sentence=sentence, field=field)
    )
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def not_text(request: WebRequest, error: UnicodeDecodeError) -> Response[Any]:
    """Answer to a body that is not UTF-8; anywhere else that is unexpected."""
    if request.method == "GET":
        return unexpected(request, error)
    return answer(request, 400, Problem(error="invalid", sentence="The body is not UTF-8."))


def _what_is_wrong(error: HTTPException) -> tuple[str, str]:
    if isinstance(error, ValidationException) and isinstance(error.extra, list) and error.extra:
        first = msgspec.convert(error.extra[0], _Finding)
        return first.message or error.detail, first.key
    match = _FIELD.search(error.detail)
    return error.detail, match[1] if match else ""


def unexpected(request: WebRequest, error: Exception) -> Response[Any]:
    """Answer with an id alone; the log has the rest."""
    fault_id = uuid.uuid4().hex[:12]
    log.error("unexpected", id=fault_id, path=request.scope["path"], exc_info=error)
    problem = Problem(
        error="unexpected",
        sentence="Something went wrong inside Relight.",
        hint=f"Try again. If it stays, look for {fault_id} in the log.",
        id=fault_id,
    )
    try:
        return answer(request, 500, problem)
    except Exception:  # the last door: even our own page may be what fails
        log.exception("error_page_failed", id=fault_id)
        text = f"{problem.sentence}\n{problem.hint}\n"
        return Response(text, status_code=500, media_type="text/plain; charset=utf-8")


ANSWERS: dict[int | type[Exception], Callable[[WebRequest, Any], Response[Any]]] = {
    RelightError: ours,
    HTTPException: framework,
    UnicodeDecodeError: not_text,
    Exception: unexpected,
}
