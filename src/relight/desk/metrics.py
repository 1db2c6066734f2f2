"""The one body of what figures lead to: taken in by key, judged by rules, told as alerts."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.metric import Host, MetricRule, MetricSource, push_key
from relight.desk.kit import Kit
from relight.desk.rules import ask_triage
from relight.detect.alert import UNWATCHED, Alert, clear
from relight.detect.metrics import host as hosts
from relight.detect.metrics.finding import SOURCE, Finding, as_alert, findings
from relight.detect.metrics.reading import History, Reading
from relight.detect.metrics.rule import expression_of, reach_s
from relight.kernel.clock import Clock
from relight.kernel.ids import uuid7
from relight.store.alert_batch import AlertBatch
from relight.store.alerts import AlertRecords, write_in
from relight.store.due import ask_in
from relight.store.engine import Database
from relight.store.metrics import MetricRecords

_HOST_SPAN = timedelta(minutes=15)


class Pushed(msgspec.Struct, frozen=True):
    """What one source told at once."""

    source: str
    readings: tuple[Reading, ...]


class Metrics:
    """Figures of hosts and programs. Synchronous: async doors call it in threads."""

    def __init__(
        self, *, kit: Kit, database: Database, records: MetricRecords, clock: Clock, key: bytes
    ) -> None:
        """Take the parts; `key` is the instance's, from which every source's own follows."""
        self._kit = kit
        self._database = database
        self._clock = clock
        self._key = key
        self._alerts = AlertRecords(database)
        self.records = records

    def key_of(self, source: Host | MetricSource) -> str:
        """Give the key that a source pushes with."""
        return push_key(self._key, source.name)

    def who(self, given: str) -> Host | MetricSource | None:
        """Find whose key this is, comparing with all in constant time."""
        found: Host | MetricSource | None = None
        for each in self._kit.catalog.telling():
            if hmac.compare_digest(given.encode(), self.key_of(each).encode()):
                found = each
        return found

    def take(self, batch: Sequence[Pushed]) -> list[int]:
        """Write what several sources told; give for each how many readings found no room."""
        now = self._clock.now()
        return [self.records.append(each.source, each.readings, now) for each in batch]

    def judge(self) -> int:
        """Look at every rule and host, and write what changed; give how many alerts did."""
        now = self._clock.now()
        catalog = self._kit.catalog
        found = [
            *(one for rule in catalog.rules for one in self._of_rule(rule, now)),
            *(one for host in catalog.hosts for one in self._of_host(host, now)),
        ]
        known = {
            each.key: each
            for each in self._alerts.alerts(limit=10_000, only_open=True)
            if each.source == SOURCE
        }
        raised = [each for each in found if each.kept is False and each.key not in known]
        over = [each.key for each in found if each.kept and each.key in known]
        gone = [each for key, each in known.items() if not self._declared(key)]
        if raised or over or gone:
            self._write(raised, over, gone, now)
        return len(raised) + len(over) + len(gone)

    def _of_rule(self, rule: MetricRule, now: datetime) -> list[Finding]:
        since = now - timedelta(seconds=reach_s(rule))
        return findings(rule, self.records.histories(expression_of(rule).name, since, now), now)

    def _of_host(self, host: Host, now: datetime) -> list[Finding]:
        heard_at = self.records.heard_at(host.name)
        if heard_at is None:
            return []
        histories = {name: self._own(name, host, now) for name in hosts.NAMES}
        trends = self.records.spans(
            hosts.DISK, now - timedelta(seconds=hosts.TREND_S), now, source=host.name
        )
        return hosts.of_host(host, histories, trends, heard_at, now)

    def _own(self, name: str, host: Host, now: datetime) -> list[History]:
        return self.records.histories(name, now - _HOST_SPAN, now, source=host.name)

    def _declared(self, key: str) -> bool:
        catalog = self._kit.catalog
        names = [each.name for each in catalog.rules] + [each.name for each in catalog.hosts]
        return any(key == name or key.startswith(f"{name}/") for name in names)

    def _write(
        self, raised: Sequence[Finding], over: Sequence[str], gone: Sequence[Alert], now: datetime
    ) -> None:
        alerts = [as_alert(each, now, uuid7(now)) for each in raised]
        keys = [*(each.key for each in alerts), *over]
        with self._database.write() as tx:
            batch = AlertBatch(tx, [(SOURCE, key) for key in keys])
            changed: list[Alert | None] = [batch.raise_(each) for each in alerts]
            changed += [batch.clear(SOURCE, key, now) for key in over]
            batch.write()
            for alert in gone:
                let_go = (*alert.details, (UNWATCHED, "It was taken out of the kit."))
                write_in(tx, clear(msgspec.structs.replace(alert, details=let_go), now))
            for each in (*changed, *gone):
                if each is not None:
                    ask_in(tx, ask_triage(each.id, now))
