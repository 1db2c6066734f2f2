"""The one body of everything that happens to a heartbeat: pings, silence, and what people do."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.heartbeat import Heartbeat, ping_id, ping_key
from relight.desk.kit import Kit
from relight.detect import heartbeat as judge
from relight.detect.alert import Alert
from relight.detect.heartbeat import Change, HeartbeatState, Judged, Ping, Status
from relight.kernel.clock import Clock
from relight.kernel.faults import NotFound, Refused, did_you_mean
from relight.kernel.ids import uuid7
from relight.kernel.ledger import Claim
from relight.store.engine import Collided
from relight.store.heartbeats import (
    HEARTBEAT,
    Clears,
    HeartbeatRecords,
    Kept,
    KeptPing,
    Outcome,
)

T = TypeVar("T")

MOST_PROVISIONED = 1000
"""So many heartbeats may be made by pings."""

_TRIES = 10
_REFRESH_S = 1.0


class HeartbeatNotFound(NotFound):
    """There is no heartbeat by that name."""


class DeclaredInKit(Refused):
    """This heartbeat is declared in the kit."""

    hint = "Take it out of `relight.yaml`; it is forgotten then."


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A ping on its way to the disk; `creates` is what it declares where nothing does yet."""

    name: str
    ping: Ping
    body: bytes = b""
    cut: bool = False
    creates: Heartbeat | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A heartbeat as people see it at one moment."""

    heartbeat: Heartbeat
    state: HeartbeatState
    status: Status
    expected_at: datetime | None
    down_at: datetime | None
    provisioned: bool


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """The heartbeats there are, by name, and their names by id and by slug."""

    declared: Mapping[str, Heartbeat]
    ids: Mapping[str, str]
    slugs: Mapping[str, tuple[str, ...]]
    provisioned: int


class Heartbeats:
    """Takes pings and looks for silence. Any thread may call; writing goes one by one.

    What is known of each is kept in memory and carries the version that it was read at, so another
    process that wrote in between is noticed by the database and everything is judged again.
    """

    def __init__(
        self, *, kit: Kit, records: HeartbeatRecords, clock: Clock, key: bytes, base_url: str
    ) -> None:
        """Take the parts; `key` is the instance's, which every ping address follows from."""
        self._kit = kit
        self._records = records
        self._clock = clock
        self._key = key
        self._base_url = base_url
        self._writing = threading.Lock()
        self._known: dict[str, Kept] | None = None
        self._loaded_at_s = float("-inf")
        self._turn = 0
        self._book: tuple[Catalog, int, Book] | None = None
        self._listening_since: datetime | None = None
        self.ping_key = ping_key(key)

    # ---- who there is

    def book(self) -> Book:
        """Give the heartbeats there are: the kit's, then those that pings made."""
        known, memory = self._book, self._memory()
        catalog, turn = self._kit.catalog, self._turn
        if known is not None and known[0] is catalog and known[1] == turn:
            return known[2]
        declared = {each.name: each for each in catalog.heartbeats}
        made = [kept.provisioned for kept in memory.values() if kept.provisioned]
        for each in made:
            declared.setdefault(each.name, each)
        slugs: dict[str, tuple[str, ...]] = {}
        for each in declared.values():
            slugs[each.slug] = (*slugs.get(each.slug, ()), each.name)
        ids = {str(ping_id(self._key, name)): name for name in declared}
        book = Book(declared=declared, ids=ids, slugs=slugs, provisioned=len(made))
        self._book = (catalog, turn, book)
        return book

    def refresh(self) -> None:
        """Read anew what another process may have made, at most once a second."""
        if self._clock.monotonic_s() - self._loaded_at_s > _REFRESH_S:
            with self._writing:
                self._load()

    def url(self, name: str) -> str:
        """Give the address that a job pings."""
        return f"{self._base_url}/ping/{ping_id(self._key, name)}"

    def slug_url(self, heartbeat: Heartbeat) -> str:
        """Give the address by ping key and slug."""
        return f"{self._base_url}/ping/{self.ping_key}/{heartbeat.slug}"

    def page_url(self, name: str) -> str:
        """Give the address of its page."""
        return f"{self._base_url}/heartbeats/{quote(name)}"

    def views(self) -> list[View]:
        """Show every heartbeat, in the order declared, as it is stored now."""
        with self._writing:
            kept = self._load()
        now = self._clock.now()
        inside = {each.name for each in self._kit.catalog.heartbeats}
        views: list[View] = []
        for name, heartbeat in self.book().declared.items():
            state = kept[name].state if name in kept else HeartbeatState(name=name)
            views.append(
                View(
                    heartbeat=heartbeat,
                    state=state,
                    status=judge.status_at(state, heartbeat, now),
                    expected_at=judge.expected_at(state, heartbeat),
                    down_at=judge.deadline(state, heartbeat),
                    provisioned=name not in inside,
                )
            )
        return views

    def view(self, name: str) -> View:
        """Show one. Raises `HeartbeatNotFound`."""
        found = {view.heartbeat.name: view for view in self.views()}
        if name not in found:
            msg = f"There is no heartbeat `{name}`."
            raise HeartbeatNotFound(msg, hint=did_you_mean(name, found))
        return found[name]

    def pings(self, name: str) -> list[KeptPing]:
        """Give the pings that are kept of a heartbeat, newest first."""
        return self._records.pings(name)

    def durations(self) -> Mapping[str, Sequence[float]]:
        """Give how long the last runs of each took, oldest first."""
        return self._records.durations()

    # ---- what happens

    def take(self, batch: Sequence[Heard]) -> list[bool | None]:
        """Write pings, judged, in one transaction.

        Tells of each whether it made its heartbeat; None where there is no such heartbeat.
        """
        with self._writing:
            return self._again(lambda: self._hear(batch))

    def expire(self, claim: Claim, name: str) -> bool:
        """Look, for a timer that went off, whether a heartbeat has been silent for too long.

        True when the claim was completed or given back.
        """
        with self._writing:
            return self._again(lambda: self._wait(claim, name))

    def pause(self, name: str) -> View:
        """Expect nothing of it until it is heard again. Raises `HeartbeatNotFound`."""
        return self._by_hand(name, judge.pause)

    def resume(self, name: str) -> View:
        """Expect it again from its next ping on. Raises `HeartbeatNotFound`."""
        return self._by_hand(name, judge.resume)

    def remove(self, name: str) -> None:
        """Forget one that a ping made. Raises `HeartbeatNotFound` or `DeclaredInKit`."""
        if not self.view(name).provisioned:
            raise DeclaredInKit
        with self._writing:
            self._records.remove(name, Clears(at=self._clock.now(), unwatched="It was removed."))
            self._load()

    def align(self) -> None:
        """Bring what is stored into line with the kit, and see that every timer is set."""
        now = self._clock.now()
        self._listening_since = self._listening_since or now
        with self._writing:
            kept = self._load()
            inside = {each.name for each in self._kit.catalog.heartbeats}
            for name in [name for name, each in kept.items() if _forgotten(name, each, inside)]:
                gone = Clears(at=now, unwatched="It was taken out of the kit.")
                self._records.remove(name, gone)
            self._again(self._set_timers)

    def shift(self, by: timedelta) -> None:
        """Move all times as the machine's clock was moved; the timers' rows are moved elsewhere."""

        def move() -> None:
            memory = self._memory().values()
            self._write([_outcome(kept, judge.shifted(kept.state, by)) for kept in memory])

        with self._writing:
            self._again(move)
        self.align()

    # ---- how

    def _memory(self) -> dict[str, Kept]:
        return self._load() if self._known is None else self._known

    def _load(self) -> dict[str, Kept]:
        self._loaded_at_s = self._clock.monotonic_s()
        self._known = self._records.all()
        self._turn += 1
        return self._known

    def _again(self, do: Callable[[], T]) -> T:
        """Judge and write; where another process was first, read anew and judge again."""
        for _ in range(_TRIES):
            try:
                return do()
            except Collided:
                self._load()
        return do()

    def _write(self, outcomes: Sequence[Outcome]) -> None:
        if not outcomes:
            return
        self._records.save(outcomes)
        memory = self._memory()
        if any(not outcome.before for outcome in outcomes):
            memory = dict(memory)  # others may be going through it just now
        for outcome in outcomes:
            memory[outcome.state.name] = Kept(
                state=outcome.state,
                version=outcome.before + 1,
                provisioned=outcome.provisioned,
            )
        if memory is not self._known:
            self._known = memory
            self._turn += 1

    def _hear(self, batch: Sequence[Heard]) -> list[bool | None]:
        memory, declared = self._memory(), self.book().declared
        made: list[bool | None] = []
        outcomes: dict[str, Outcome] = {}
        for heard in batch:
            name = heard.name
            heartbeat = declared.get(name) or heard.creates
            if heartbeat is None:  # it was taken out while the ping was on its way
                made.append(None)
                continue
            outcome = outcomes.get(name)
            made.append(outcome is None and name not in declared)
            if outcome is None:
                kept = memory.get(name)
                outcome = Outcome(
                    state=kept.state if kept else HeartbeatState(name=name),
                    before=kept.version if kept else 0,
                    provisioned=kept.provisioned if kept else heard.creates,
                )
            judged = judge.hear(outcome.state, heard.ping, heartbeat)
            ping = KeptPing(
                number=judged.state.pings,
                ping=heard.ping,
                took_s=judged.took_s,
                cut=heard.cut,
                body=heard.body,
            )
            outcome = self._changed(outcome, judged, heartbeat, f"{name} failed")
            outcomes[name] = msgspec.structs.replace(outcome, pings=(*outcome.pings, ping))
        self._write(list(outcomes.values()))
        return made

    def _changed(
        self, outcome: Outcome, judged: Judged, heartbeat: Heartbeat, title: str
    ) -> Outcome:
        """Add what a judgement asks for: an alert opened or ended, a timer set earlier."""
        now, state = self._clock.now(), judged.state
        raises, clears, arm = outcome.raises, outcome.clears, outcome.arm
        match judged.change:
            case Change.WENT_DOWN:
                # Up and down again within a batch: the alert that is open goes on.
                raises, clears = self._alert(state, heartbeat, now, title), None
            case Change.CAME_UP:
                clears = Clears(at=now)
            case Change.LET_GO:
                clears = Clears(at=now, unwatched="It was paused.")
            case None:
                pass
        # A success only ever moves the end of its silence away: a timer that is set may stay.
        if state.armed_at is None or state.runs is not outcome.state.runs:
            due = self._deadline(state, heartbeat)
            if due is not None and (state.armed_at is None or due < state.armed_at):
                arm = due
                state = msgspec.structs.replace(state, armed_at=due)
        return msgspec.structs.replace(outcome, state=state, raises=raises, clears=clears, arm=arm)

    def _deadline(self, state: HeartbeatState, heartbeat: Heartbeat) -> datetime | None:
        """Tell when its silence counts.

        What fell due while nobody listened gets its grace from the moment that we do again.
        """
        due, since = judge.deadline(state, heartbeat), self._listening_since
        if due is not None and since is not None and due <= since:
            return since + timedelta(seconds=heartbeat.grace_s)
        return due

    def _wait(self, claim: Claim, name: str) -> bool:
        kept, heartbeat = self._memory().get(name), self.book().declared.get(name)
        if kept is None or heartbeat is None:
            return False
        now = self._clock.now()
        due = self._deadline(kept.state, heartbeat)
        judged = Judged(state=kept.state)
        if due is not None and due <= now:
            judged = judge.wait(kept.state, heartbeat, now)
        again_at = self._deadline(judged.state, heartbeat)
        state = msgspec.structs.replace(judged.state, armed_at=again_at)
        judged = msgspec.structs.replace(judged, state=state)
        outcome = self._changed(_outcome(kept, state), judged, heartbeat, f"{name} is overdue")
        self._write([msgspec.structs.replace(outcome, claim=claim, again_at=again_at)])
        return True

    def _by_hand(self, name: str, change: Callable[[HeartbeatState, datetime], Judged]) -> View:
        heartbeat = self.view(name).heartbeat

        def write() -> None:
            kept = self._memory().get(name) or Kept(state=HeartbeatState(name=name), version=0)
            judged = change(kept.state, self._clock.now())
            self._write([self._changed(_outcome(kept, kept.state), judged, heartbeat, "")])

        with self._writing:
            self._again(write)
        return self.view(name)

    def _set_timers(self) -> None:
        memory, timers = self._memory(), self._records.timers()
        outcomes: list[Outcome] = []
        for name, heartbeat in self.book().declared.items():
            kept = memory.get(name) or Kept(state=HeartbeatState(name=name), version=0)
            due, set_at = self._deadline(kept.state, heartbeat), timers.get(name)
            late = due is not None and (set_at is None or due < set_at)
            if late or not kept.version:
                state = msgspec.structs.replace(kept.state, armed_at=due if late else set_at)
                outcome = _outcome(kept, state)
                outcomes.append(msgspec.structs.replace(outcome, arm=due if late else None))
        self._write(outcomes)

    def _alert(
        self, state: HeartbeatState, heartbeat: Heartbeat, now: datetime, title: str
    ) -> Alert:
        last = state.last_success_at
        success = f"{last:%Y-%m-%d %H:%M:%S} UTC" if last else "none yet"
        return Alert(
            id=uuid7(now),
            source=HEARTBEAT,
            key=heartbeat.name,
            service=heartbeat.service,
            severity=heartbeat.severity,
            opened_at=now,
            title=title,
            summary=state.reason,
            reason=state.reason,
            details=(("Last success", success),),
            links=(("Heartbeat", self.page_url(heartbeat.name)),),
        )


def _outcome(kept: Kept, state: HeartbeatState) -> Outcome:
    return Outcome(state=state, before=kept.version, provisioned=kept.provisioned)


def _forgotten(name: str, kept: Kept, inside: set[str]) -> bool:
    return name not in inside and kept.provisioned is None
