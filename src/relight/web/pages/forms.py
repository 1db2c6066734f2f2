"""What the forms send, and the one way in which each becomes a command.

A form works without script: it is posted, and the answer is a redirect to the page (so that a
reload repeats nothing) or, where the house refuses, the page again with the words still in it.
"""

import hashlib
from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from relight.kernel.faults import RelightError
from relight.web.shell import page

SAID_COOKIE = "relight_said"
_SAID_S = 60
SAID = {
    "acknowledged": "You have it.",
    "noted": "The note is on the record.",
    "told": "The internal update is posted.",
    "published": "The public update is posted.",
    "severity": "The severity is changed.",
    "duty": "The role is changed.",
    "resolved": "The incident is resolved.",
    "reopened": "The incident is open again.",
    "closed": "The incident is closed.",
    "retitled": "The title is changed.",
    "declined": "The incident is declined.",
    "merged": "The other incident is merged into this one.",
    "corrected": "The correction is on the record.",
    "declared": "The incident is declared.",
    "revoked": "The token no longer works.",
    "silenced": "Nobody is called for it until the silence ends.",
    "silence-ended": "The silence has ended.",
    "paused": "Nothing is expected of it until its next ping.",
    "resumed": "It is expected again from its next ping on.",
    "forgotten": "The heartbeat is forgotten.",
}

Asker: TypeAlias = Request[Any, Any, Any]
Fields: TypeAlias = URLEncodedBody[dict[str, str | list[str]]]


class Form:
    """The fields of a posted form: text is trimmed, line breaks are of one kind."""

    def __init__(self, fields: dict[str, str | list[str]]) -> None:
        """Take what came."""
        self._fields = fields

    def text(self, name: str) -> str:
        """Give a field; a missing one is empty."""
        value = self._fields.get(name, "")
        first = value[0] if isinstance(value, list) else value
        return first.replace("\r\n", "\n").replace("\r", "\n").strip()

    def several(self, name: str) -> tuple[str, ...]:
        """Give what was ticked."""
        value = self._fields.get(name, [])
        return tuple(value) if isinstance(value, list) else (value,)

    def command_id(self, person: str) -> str | None:
        """Name the command by the form's own id and its contents.

        Pressing twice is one command; the same form with other words is another.
        """
        once = self.text("once")
        if not once:
            return None
        told = msgspec.json.encode([person, sorted(self._fields.items())])
        return f"form:{once}:{hashlib.sha256(told).hexdigest()[:24]}"

    @property
    def typed(self) -> dict[str, str]:
        """Give all texts, to show them again."""
        return {name: self.text(name) for name in self._fields}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a form was refused, at which form, and what was typed into it."""

    form: str
    sentence: str
    hint: str
    typed: dict[str, str]


def attempt(
    do: Callable[[], str],
    *,
    said: str,
    again: Callable[[Problem], Response[Any]],
    form: str,
    fields: Form,
) -> Response[Any]:
    """Run a command and go on to the address it gives, or show the form again with the reason."""
    try:
        where = do()
    except (RelightError, ValueError) as error:
        hint = error.hint if isinstance(error, RelightError) else "Mend it and send it again."
        return again(Problem(form=form, sentence=str(error), hint=hint, typed=fields.typed))
    return Redirect(where, status_code=303, cookies=[_said_cookie(said)])


def show(request: Asker, template: str, *, status: int = 200, **values: object) -> Response[bytes]:
    """Draw a page, with the word of the form that led here; it is said once."""
    said = SAID.get(request.cookies.get(SAID_COOKIE, ""), "")
    response = page(request, template, status=status, said=said, **values)
    if SAID_COOKIE in request.cookies:
        response.cookies.append(_said_cookie(""))
    return response


def _said_cookie(word: str) -> Cookie:
    return Cookie(
        key=SAID_COOKIE,
        value=word,
        path="/",
        max_age=_SAID_S if word else 0,
        httponly=True,
        samesite="strict",
    )
