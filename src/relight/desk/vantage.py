"""The one body of all that happens with vantage points: joining, exchanging, asking, watching."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from relight.catalog.service import Check
from relight.catalog.vantage import vantage_of
from relight.desk.kit import Kit
from relight.desk.rules import ask_triage
from relight.detect.alert import Alert
from relight.detect.observation import Observation
from relight.detect.vantage import MOST_SEEN, Handed, Joined, Told, observed
from relight.kernel.clock import Clock
from relight.kernel.faults import Denied, NotFound, Unavailable, did_you_mean
from relight.kernel.ids import uuid7
from relight.kernel.period import write_duration
from relight.kernel.secret import Masker, Secret
from relight.kernel.severity import Severity
from relight.store.alerts import clear_in, open_in, raise_in
from relight.store.due import ask_in
from relight.store.engine import Database
from relight.store.vantage import VantageRecord, VantageRecords

SOURCE = "vantage"
SILENT_S = 30.0
INVITE_VALID_S = 24 * 3600.0
_HOLD_S = 1.0
_WRITE_EVERY = timedelta(seconds=15)
_ASKED_FOR = timedelta(seconds=30)

Receive = Callable[[Sequence[Observation]], Awaitable[None]]


class VantageUnknown(NotFound):
    """`relight.yaml` names no such vantage point."""


class KeyUnknown(Denied):
    """This vantage point's key is not known, or was revoked."""

    hint = "`relight vantage invite NAME` makes an invitation to join again."


class NobodyReceives(Unavailable):
    """Results are not taken now."""

    hint = "Send them again in a moment."


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a vantage point last told of itself."""

    at: datetime
    version: str
    skew_s: float
    unable: Mapping[str, str] = {}
    lost: int = 0


class VantageView(msgspec.Struct, frozen=True, kw_only=True):
    """How a vantage point stands, for people. `state` is one word."""

    name: str
    state: str
    heard_at: datetime | None = None
    version: str = ""
    skew_s: float = 0.0
    unable: Mapping[str, str] = {}
    lost: int = 0


class VantagePoints:
    """All vantage points of the kit. `receive` is what judges results; the worker sets it."""

    def __init__(
        self,
        *,
        kit: Kit,
        database: Database,
        clock: Clock,
        masker: Masker,
    ) -> None:
        """Take the parts."""
        self._kit = kit
        self._database = database
        self._records = VantageRecords(database)
        self._clock = clock
        self._masker = masker
        self._began_at = clock.now()
        self._heard: dict[str, Heard] = {}
        self._written: dict[str, datetime] = {}
        self._asked: dict[str, dict[str, datetime]] = {}
        self._stirred: dict[str, asyncio.Event] = {}
        self.receive: Receive | None = None

    # ---- joining

    def invite(self, name: str) -> Secret:
        """Make a one-time token for a declared vantage point. Raises `VantageUnknown`."""
        self._must_know(name)
        return self._records.invite(name, self._clock.now(), INVITE_VALID_S)

    def join(self, token: str) -> Joined:
        """Admit who holds a token. Raises `InviteInvalid`."""
        name, key = self._records.join(token, self._clock.now())
        return Joined(name, key.reveal())

    def revoke(self, name: str) -> None:
        """Let a vantage point speak no more. Raises `VantageUnknown`."""
        if not self._records.revoke(name):
            self._must_know(name)
        self._heard.pop(name, None)

    def who(self, key: str) -> str:
        """Tell whose key this is. Raises `KeyUnknown`, also for one the kit no longer names."""
        name = self._records.who(key)
        if name is None or all(each.name != name for each in self._kit.catalog.vantage):
            raise KeyUnknown
        return name

    def _must_know(self, name: str) -> None:
        known = [each.name for each in self._kit.catalog.vantage]
        if name not in known:
            msg = f"`relight.yaml` names no vantage point `{name}`."
            raise VantageUnknown(msg, hint=did_you_mean(name, known) or "Add it under `vantage:`.")

    # ---- exchanging

    def checks_of(self, name: str) -> tuple[Check, ...]:
        """Give the checks that a vantage point looks at. Secrets in them are references still."""
        catalog = self._kit.catalog
        return tuple(
            check
            for check in catalog.checks().values()
            if name in vantage_of(check, catalog.vantage)
        )

    async def exchange(self, name: str, handed: Handed) -> Told:
        """Take what a vantage point hands over, which is on disk then, and tell it what is new.

        With nothing to say on either side the answer waits up to a second, so that a look asked for
        is heard at once. Raises `NobodyReceives`.
        """
        received_at = self._clock.now()
        checks = self.checks_of(name)
        await self._note(name, handed, received_at)
        mine = {each.key for each in checks}
        seen = [
            self._masked(observed(each, name, received_at))
            for each in handed.seen[:MOST_SEEN]
            if each.check in mine
        ]
        if seen:
            if self.receive is None:
                raise NobodyReceives
            await self.receive(seen)
        revision = self._kit.catalog.version
        if not handed.seen and handed.revision == revision:
            await self._hold(name)
        return Told(
            received_at=received_at,
            answered_at=self._clock.now(),
            revision=revision,
            checks=checks if handed.revision != revision else None,
            look_now=self._take_asked(name, mine),
        )

    def _masked(self, seen: Observation) -> Observation:
        mask = self._masker.mask
        return msgspec.structs.replace(
            seen,
            reason=mask(seen.reason),
            evidence=tuple((label, mask(value)) for label, value in seen.evidence),
        )

    async def _note(self, name: str, handed: Handed, now: datetime) -> None:
        self._heard[name] = Heard(
            at=now,
            version=handed.version[:40],
            skew_s=handed.skew_s,
            unable=dict(list(handed.unable.items())[:200]),
            lost=handed.lost,
        )
        if name not in self._written or now - self._written[name] >= _WRITE_EVERY:
            self._written[name] = now
            await asyncio.to_thread(
                self._records.heard,
                name,
                now,
                version=handed.version[:40],
                skew_s=handed.skew_s,
            )

    # ---- asking

    def ask(self, check: Check) -> None:
        """Have a check looked at now from every other vantage point that looks at it."""
        now = self._clock.now()
        for name in vantage_of(check, self._kit.catalog.vantage):
            self._asked.setdefault(name, {})[check.key] = now
            if name in self._stirred:
                self._stirred[name].set()

    async def _hold(self, name: str) -> None:
        stirred = self._stirred.setdefault(name, asyncio.Event())
        if self._asked.get(name):
            return
        stirred.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_HOLD_S):
                await stirred.wait()

    def _take_asked(self, name: str, mine: set[str]) -> tuple[str, ...]:
        since = self._clock.now() - _ASKED_FOR
        asked = self._asked.pop(name, {})
        return tuple(key for key, at in asked.items() if at >= since and key in mine)

    # ---- watching

    def views(self) -> list[VantageView]:
        """Tell how every declared vantage point stands."""
        known = {each.name: each for each in self._records.all()}
        now = self._clock.now()
        names = (each.name for each in self._kit.catalog.vantage)
        return [self._view(name, known.get(name), now) for name in names]

    def _view(self, name: str, record: VantageRecord | None, now: datetime) -> VantageView:
        heard = self._heard.get(name)
        heard_at = heard.at if heard else record.heard_at if record else None
        if record is None:
            state = "not invited"
        elif record.joined_at is None:
            state = "invited"
        elif heard_at is None or (now - heard_at).total_seconds() > SILENT_S:
            state = "silent"
        else:
            state = "looking"
        return VantageView(
            name=name,
            state=state,
            heard_at=heard_at,
            version=heard.version if heard else record.version if record else "",
            skew_s=heard.skew_s if heard else record.skew_s if record else 0.0,
            unable=heard.unable if heard else {},
            lost=heard.lost if heard else 0,
        )

    def watch(self) -> None:
        """Open an alert for each vantage point that has become silent, clear that of each other."""
        now = self._clock.now()
        joined = {each.name: each for each in self._records.all() if each.joined_at}
        declared = {each.name for each in self._kit.catalog.vantage}
        for name in sorted(declared | joined.keys()):
            record = joined.get(name)
            watched = name in declared and record is not None
            self._tell(name, self._silent(record, now) if watched and record else "", now)

    def _silent(self, record: VantageRecord, now: datetime) -> str:
        heard = self._heard.get(record.name)
        # A restart of ours is not its silence.
        at = max(heard.at if heard else record.heard_at or self._began_at, self._began_at)
        quiet_s = (now - at).total_seconds()
        return f"nothing heard for {write_duration(quiet_s)}" if quiet_s > SILENT_S else ""

    def _tell(self, name: str, silent: str, now: datetime) -> None:
        with self._database.read() as tx:
            known = open_in(tx, SOURCE, name)
        if bool(silent) == (known is not None):
            return
        with self._database.write() as tx:
            if not silent:
                cleared = clear_in(tx, SOURCE, name, now)
                if cleared is not None:
                    ask_in(tx, ask_triage(cleared.id, now))
                return
            title = f"Vantage point {name} is silent"
            alert = Alert(
                id=uuid7(now),
                source=SOURCE,
                key=name,
                severity=Severity.S3,
                opened_at=now,
                title=title,
                summary=f"{title}: {silent}",
                reason=silent,
            )
            raise_in(tx, alert, [ask_triage(alert.id, now)])
