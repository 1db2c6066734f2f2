"""GitLab's webhooks: deployments, pushes and releases as changes."""

from datetime import datetime
from typing import Any, ClassVar

import msgspec

from relight.detect.handed import Handed, Received
from relight.detect.intake import Format
from relight.detect.intake._reading import bounded, cut, moment, must_equal, read_object, typed
from relight.detect.situation import Change, ChangeKind

_SAID = {"running": "began", "success": "succeeded", "failed": "failed", "canceled": "was ended"}


class WireProject(msgspec.Struct, frozen=True):
    """Where it happened."""

    name: str = ""
    path_with_namespace: str = ""
    default_branch: str | None = None
    web_url: str = ""


class WireUser(msgspec.Struct, frozen=True):
    """Somebody."""

    name: str = ""
    username: str = ""


class WireCommit(msgspec.Struct, frozen=True):
    """One commit of a push; a release has one too."""

    id: str = ""
    message: str = ""
    title: str = ""
    url: str = ""


class WireEvent(msgspec.Struct, frozen=True):
    """All the events that are read, in one."""

    object_kind: str = ""
    action: str = ""
    ref: str = ""
    after: str = ""
    checkout_sha: str | None = None
    user_name: str = ""
    user: WireUser | None = None
    project: WireProject = WireProject()
    commits: list[WireCommit] = []
    total_commits_count: int = 0
    status: str = ""
    status_changed_at: str = ""
    deployment_id: int = 0
    deployable_url: str | None = None
    environment: str | None = None
    short_sha: str = ""
    commit_title: str | None = None
    id: int = 0
    name: str = ""
    tag: str | bool = ""
    url: str = ""
    released_at: str | None = None


class GitlabFormat(Format, frozen=True, kw_only=True):
    """Take deployments, pushes and releases from GitLab as changes.

    `token` is the webhook's secret token, which GitLab sends as `X-Gitlab-Token`. Pushes count on
    the project's default branch, or on those that `branches` lists. Where the source has no
    `service:`, its label may be `repository` or `environment`. A delivery that is sent again counts
    once, by GitLab's own id of it.
    """

    token: str
    branches: tuple[str, ...] = ()

    SECRETS: ClassVar[frozenset[str]] = frozenset({"token"})
    LARGEST: ClassVar[int] = 4 << 20
    EXAMPLE: ClassVar[dict[str, Any]] = {"token": "env:GITLAB_TOKEN", "branches": ["main"]}

    def read(self, handed: Handed) -> Received:
        """Read an event by its kind; others are taken and change nothing."""
        must_equal(handed, handed.headers.get("x-gitlab-token", ""), self.token)
        headers = handed.headers
        delivery = headers.get("idempotency-key", "") or headers.get("x-gitlab-event-uuid", "")
        event = typed(read_object(handed.body), WireEvent)
        match event.object_kind:
            case "push":
                change = self._push(event, handed)
            case "deployment":
                change = _deployment(event, handed)
            case "release":
                change = _release(event, handed)
            case _:
                change = None
        return Received(changes=(change,) if change else (), delivery=cut(delivery, 200))

    def _push(self, event: WireEvent, handed: Handed) -> Change | None:
        branch = event.ref.removeprefix("refs/heads/")
        wanted = self.branches or (event.project.default_branch or "main",)
        if not event.checkout_sha or branch not in wanted or branch == event.ref:
            return None
        head = next((each for each in event.commits if each.id == event.checkout_sha), WireCommit())
        title = head.title or head.message.partition("\n")[0] or event.checkout_sha[:8]
        more = f" and {event.total_commits_count - 1} more" if event.total_commits_count > 1 else ""
        return Change(
            id=f"push/{event.project.path_with_namespace}/{event.checkout_sha}",
            source="",
            kind=ChangeKind.PUSH,
            at=handed.now,
            summary=cut(f"{event.project.name} {branch}: {title}{more}", 300),
            by=cut(event.user_name, 100),
            link=head.url or event.project.web_url,
            details=bounded((("repository", event.project.name), ("branch", branch))),
        )


def _deployment(event: WireEvent, handed: Handed) -> Change | None:
    said = _SAID.get(event.status)
    if said is None:
        return None
    where = event.environment or "an environment"
    return Change(
        id=f"deployment/{event.project.path_with_namespace}/{event.deployment_id}/{event.status}",
        source="",
        kind=ChangeKind.DEPLOY,
        at=_gitlab_time(event.status_changed_at) or handed.now,
        summary=cut(f"Deploy of {event.project.name} {event.short_sha} to {where} {said}", 300),
        by=cut(event.user.name if event.user else "", 100),
        link=event.deployable_url or event.project.web_url,
        details=bounded(
            (
                ("repository", event.project.name),
                ("environment", event.environment or ""),
                ("commit", event.commit_title or ""),
            )
        ),
    )


def _release(event: WireEvent, handed: Handed) -> Change | None:
    if event.action != "create":
        return None
    return Change(
        id=f"release/{event.project.path_with_namespace}/{event.id}",
        source="",
        kind=ChangeKind.RELEASE,
        at=_gitlab_time(event.released_at or "") or handed.now,
        summary=cut(f"{event.project.name} {event.tag} was released", 300),
        link=event.url,
        details=bounded((("repository", event.project.name), ("name", event.name))),
    )


def _gitlab_time(text: str) -> datetime | None:
    """Read `2021-04-28 21:50:00 +0200` and `… UTC`, which GitLab writes beside ISO 8601."""
    return moment(text.replace(" UTC", "+00:00").replace(" +", "+").replace(" -", "-"))


PLUGIN: type[Format] = GitlabFormat
