"""GitHub's webhooks: deployments, pushes and releases as changes."""

from typing import Any, ClassVar
from urllib.parse import parse_qs

import msgspec

from relight.detect.handed import Handed, NotReadable, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import bounded, cut, moment, must_be_signed, read_object, typed
from relight.detect.situation import Change, ChangeKind

_SAID_STATES = {"success", "failure", "error"}


class WireUser(msgspec.Struct, frozen=True):
    """Somebody, by either name that GitHub gives."""

    login: str = ""
    name: str | None = None


class WireRepository(msgspec.Struct, frozen=True):
    """Where it happened."""

    full_name: str = ""
    name: str = ""
    default_branch: str = ""
    html_url: str = ""


class WireCommit(msgspec.Struct, frozen=True):
    """What a push ends in."""

    id: str = ""
    message: str = ""
    url: str = ""
    timestamp: str = ""


class WireDeployment(msgspec.Struct, frozen=True):
    """What was deployed, and where to."""

    id: int = 0
    ref: str = ""
    sha: str = ""
    environment: str = ""
    description: str | None = None
    creator: WireUser | None = None
    created_at: str = ""


class WireStatus(msgspec.Struct, frozen=True):
    """What came of a deployment."""

    state: str = ""
    target_url: str | None = None
    log_url: str | None = None
    created_at: str = ""


class WireRelease(msgspec.Struct, frozen=True):
    """A published version."""

    id: int = 0
    tag_name: str = ""
    name: str | None = None
    html_url: str = ""
    author: WireUser | None = None
    published_at: str | None = None


class WireEvent(msgspec.Struct, frozen=True):
    """All the events that are read, in one."""

    action: str = ""
    ref: str = ""
    deleted: bool = False
    compare: str = ""
    after: str = ""
    commits: list[object] = []
    head_commit: WireCommit | None = None
    pusher: WireUser | None = None
    sender: WireUser | None = None
    repository: WireRepository = WireRepository()
    deployment: WireDeployment | None = None
    deployment_status: WireStatus | None = None
    release: WireRelease | None = None


class GithubFormat(Format, frozen=True, kw_only=True):
    """Take deployments, their outcome, pushes and releases from GitHub as changes.

    `secret` is the webhook's secret, by which GitHub signs (`X-Hub-Signature-256`). Pushes count on
    the repository's default branch, or on those that `branches` lists. Both content types are read.
    Where the source has no `service:`, its label may be `repository` or `environment`. A delivery
    that is sent again counts once.
    """

    secret: str
    branches: tuple[str, ...] = ()

    SECRETS: ClassVar[frozenset[str]] = frozenset({"secret"})
    LARGEST: ClassVar[int] = 4 << 20
    EXAMPLE: ClassVar[dict[str, Any]] = {"secret": "env:GITHUB_SECRET", "branches": ["main"]}

    def read(self, handed: Handed) -> Received:
        """Read an event by the header that names it; others are taken and change nothing."""
        given = handed.headers.get("x-hub-signature-256", "").removeprefix("sha256=")
        must_be_signed(handed, self.secret, given)
        delivery = cut(handed.headers.get("x-github-delivery", ""), 200)
        event = typed(read_object(_payload(handed)), WireEvent)
        change: Change | None = None
        match handed.headers.get("x-github-event", ""):
            case "push":
                change = self._push(event, handed)
            case "deployment":
                change = _deployment(event, handed)
            case "deployment_status":
                change = _outcome(event, handed)
            case "release":
                change = _release(event, handed)
            case _:
                pass
        return Received(changes=(change,) if change else (), delivery=delivery)

    def _push(self, event: WireEvent, handed: Handed) -> Change | None:
        branch = event.ref.removeprefix("refs/heads/")
        wanted = self.branches or (event.repository.default_branch,)
        if event.deleted or branch not in wanted or event.ref == branch:
            return None
        head = event.head_commit or WireCommit(id=event.after)
        title = head.message.partition("\n")[0]
        count = len(event.commits)
        more = f" and {count - 1} more" if count > 1 else ""
        return Change(
            id=f"push/{event.repository.full_name}/{event.after}",
            source="",
            kind=ChangeKind.PUSH,
            at=handed.now,
            summary=cut(f"{event.repository.name} {branch}: {title or head.id[:7]}{more}", 300),
            by=_who(event.pusher or event.sender),
            link=event.compare or head.url,
            details=bounded(
                (("repository", event.repository.name), ("commit", head.id), ("branch", branch))
            ),
        )


def _deployment(event: WireEvent, handed: Handed) -> Change:
    what = event.deployment or WireDeployment()
    return Change(
        id=f"deployment/{event.repository.full_name}/{what.id}",
        source="",
        kind=ChangeKind.DEPLOY,
        at=moment(what.created_at) or handed.now,
        summary=cut(_deployed(event, what), 300),
        by=_who(what.creator or event.sender),
        link=event.repository.html_url,
        details=_about(event, what),
    )


def _outcome(event: WireEvent, handed: Handed) -> Change | None:
    what, status = event.deployment or WireDeployment(), event.deployment_status or WireStatus()
    if status.state not in _SAID_STATES:
        return None
    word = "succeeded" if status.state == "success" else "failed"
    return Change(
        id=f"deployment/{event.repository.full_name}/{what.id}/{status.state}",
        source="",
        kind=ChangeKind.DEPLOY,
        at=moment(status.created_at) or handed.now,
        summary=cut(f"{_deployed(event, what)} {word}", 300),
        by=_who(what.creator or event.sender),
        link=status.target_url or status.log_url or event.repository.html_url,
        details=_about(event, what),
    )


def _release(event: WireEvent, handed: Handed) -> Change | None:
    release = event.release or WireRelease()
    if event.action not in {"published", "released"}:
        return None
    return Change(
        id=f"release/{event.repository.full_name}/{release.id}",
        source="",
        kind=ChangeKind.RELEASE,
        at=moment(release.published_at or "") or handed.now,
        summary=cut(f"{event.repository.name} {release.tag_name} was released", 300),
        by=_who(release.author or event.sender),
        link=release.html_url,
        details=bounded((("repository", event.repository.name), ("name", release.name or ""))),
    )


def _deployed(event: WireEvent, what: WireDeployment) -> str:
    return f"Deploy of {event.repository.name} {what.ref or what.sha[:7]} to {what.environment}"


def _about(event: WireEvent, what: WireDeployment) -> tuple[tuple[str, str], ...]:
    return bounded(
        (
            ("repository", event.repository.name),
            ("environment", what.environment),
            ("commit", what.sha),
            ("description", what.description or ""),
        )
    )


def _who(user: WireUser | None) -> str:
    return cut(user.login or user.name or "", 100) if user else ""


def _payload(handed: Handed) -> bytes:
    if not handed.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return handed.body
    try:
        fields = parse_qs(handed.body.decode("utf-8", "replace"), max_num_fields=10)
        return fields["payload"][0].encode()
    except (ValueError, KeyError):
        msg = "The form has no `payload`."
        raise NotReadable(msg) from None


PLUGIN: type[Format] = GithubFormat
