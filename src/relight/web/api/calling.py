"""What every call has in common: who calls, in whose name, by which key, and how it is refused."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

import msgspec
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter, SkipValidation

from relight.catalog.person import Role
from relight.desk.desk import PersonNotFound
from relight.kernel.actor import Actor, person
from relight.web.account import Account, Proof, RoleTooLow, WebRequest, account_of, require
from relight.web.errors import Invalid, Problem
from relight.web.house import House

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=1)

Words: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=20_000)]
Reason: TypeAlias = Annotated[str, msgspec.Meta(max_length=2_000)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=500, description="At most so many.")]
Moment: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every request body. `as` names the person in whose name a token acts."""

    acting_as: Annotated[
        str, msgspec.Meta(max_length=200, description="Act in this person's name.")
    ] = msgspec.field(default="", name="as")


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls. `command_id` follows from the caller, the path and the Idempotency-Key, if any."""

    account: Account
    command_id: str | None

    def actor(self, house: House, body: Body) -> Actor:
        """Give the author of what this call does. Raises `PersonNotFound` or `RoleTooLow`."""
        account, name = self.account, body.acting_as
        if not name or (account.proof is Proof.SESSION and name == account.name):
            return account.actor
        if account.proof is Proof.SESSION:
            msg = "A session acts in its own name alone."
            raise RoleTooLow(msg)
        if house.kit.catalog.person(name) is None:
            msg = f"There is no `{name}` in `relight.yaml`."
            raise PersonNotFound(msg)
        return person(name)

    def person(self, house: House, body: Body) -> str:
        """Name the person who takes something on: a program cannot. Raises `Invalid`."""
        if self.account.proof is Proof.TOKEN and not body.acting_as:
            msg = "Name the person who has it."
            raise Invalid(msg, field="as")
        return self.actor(house, body).name


TheCaller: TypeAlias = NamedDependency[SkipValidation[Caller]]


def caller(
    request: WebRequest,
    idempotency_key: Annotated[
        str,
        HeaderParameter(
            name="Idempotency-Key",
            max_length=200,
            description="A repeat with the same key gives the first answer and changes nothing.",
        ),
    ] = "",
) -> Caller:
    """Read who calls and under which key."""
    require(request, Role.RESPONDER)
    account = account_of(request)
    scope = f"{account.proof}:{account.name}:{request.scope['path']}"
    command_id = f"api:{scope}:{idempotency_key}" if idempotency_key else None
    return Caller(account=account, command_id=command_id)


def happened(at: datetime | None, now: datetime, *, field: str = "occurred_at") -> datetime | None:
    """Check a time in the past that somebody gives. Raises `Invalid`."""
    if at is not None and not _EARLIEST <= at <= now + _AHEAD:
        msg = "That time cannot be right: give one that has passed."
        raise Invalid(msg, field=field)
    return at


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Describe how a call may be refused, for the OpenAPI document."""
    return {
        status: ResponseSpec(
            Problem, generate_examples=False, description=_REFUSALS[status], media_type=_JSON
        )
        for status in (*statuses, 401, 403, 503)
    }


_JSON = "application/json"
_REFUSALS = {
    400: "A field is wrong; `field` names it.",
    401: "Nobody is signed in, and there is no valid token.",
    403: "The role does not allow it.",
    404: "There is nothing by that name.",
    409: "Refused in the present state; `error` names the state.",
    413: "More than 1 MiB.",
    503: "Relight cannot do it just now.",
}
