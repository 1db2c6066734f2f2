"""What is done with the pages of customers: who may report, what they report, and what it means."""

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from urllib.parse import urlsplit

import msgspec

from relight.catalog.catalog import Catalog
from relight.catalog.customer import Customer
from relight.catalog.edge import EdgeBeacon
from relight.catalog.service import Service
from relight.desk.kit import Kit
from relight.desk.rules import ask_triage
from relight.detect.alert import Alert
from relight.detect.edge.judge import Said, Shares, View, judge, usual_shares
from relight.detect.edge.quiet import SPANS_S, Expected, expected, hours_asked
from relight.detect.edge.tally import Reporter
from relight.detect.edge.window import reach, window
from relight.detect.situation import EdgeWindow
from relight.detect.triage import Reach
from relight.kernel.clock import Clock
from relight.kernel.faults import NotFound, did_you_mean
from relight.kernel.ids import uuid7
from relight.store.alerts import clear_in, open_keys_in, raise_in
from relight.store.due import ask_in
from relight.store.edge import MINUTE_S, EdgeRecords, begin_of
from relight.store.engine import Database

EDGE = "edge"
"""The source of alerts that come from customers' pages."""

_LEARN_S = 7 * 86400
_RELEARN_S = 600.0


class NotReporting(NotFound):
    """No page reports on that service."""

    hint = "Give it `edge: {}` in `relight.yaml`."


class CustomerNotFound(NotFound):
    """There is no such customer."""


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What is usual, by service; `expects` also by site, and of the whole under the empty one."""

    at_s: float
    hour: datetime
    shares: Mapping[str, Shares | None]
    expects: Mapping[str, Mapping[str, Expected | None]]


class EdgeDesk:
    """The one body of what concerns customers' pages. Synchronous, as the desk is."""

    def __init__(
        self,
        *,
        kit: Kit,
        database: Database,
        records: EdgeRecords,
        clock: Clock,
        key: bytes,
        base_url: str,
    ) -> None:
        """Take the parts; `key` is the instance's, from which the keys of sites follow."""
        self._kit = kit
        self._database = database
        self.records = records
        self._clock = clock
        self._key = key
        self._base_url = base_url
        self._began_at = clock.now()
        self._learnt: Learnt | None = None
        self._judged: Catalog | None = None
        self.left_out: Counter[str] = Counter()
        """How many reports were not counted since the start, by reason."""

    # ---- who reports

    def reporters(self, catalog: Catalog) -> dict[bytes, Reporter]:
        """Give everyone who may report, by key: each customer, and the service's own pages."""
        return {
            self.key(service.name, customer).encode(): Reporter(
                service=service.name, customer=customer, slow_ms=service.edge.slow_s * 1000
            )
            for service in catalog.services
            if service.edge is not None
            for customer in (*catalog.customers, None)
        }

    def key(self, service: str, customer: Customer | None) -> str:
        """Give the key that stands on a page. It is public, and says nothing of either name."""
        named = f"edge\0{service}\0{customer.key if customer else ''}"
        mac = hmac.digest(self._key, named.encode(), hashlib.sha256)
        return base64.b32encode(mac).decode().lower()[:20]

    def service(self, name: str) -> tuple[Service, EdgeBeacon]:
        """Find a service that pages report on. Raises `NotReporting`."""
        found = self._kit.catalog.service(name)
        if found is None or found.edge is None:
            names = [each.name for each in self._kit.catalog.services if each.edge]
            msg = f"No page reports on a service `{name}`."
            raise NotReporting(msg, hint=did_you_mean(name, names) if names else NotReporting.hint)
        return found, found.edge

    def customer(self, key: str) -> Customer:
        """Find a customer. Raises `CustomerNotFound`."""
        known = {each.key: each for each in self._kit.catalog.customers}
        if key not in known:
            msg = f"There is no customer `{key}`."
            raise CustomerNotFound(msg, hint=did_you_mean(key, known))
        return known[key]

    def snippet(self, name: str, customer: Customer | None, *, base_url: str = "") -> str:
        """Write what goes on a customer's page: one tag for each host that reports go to."""
        _, edge = self.service(name)
        own = urlsplit(base_url or self._base_url)
        hosts = edge.hosts or (own.netloc,)
        given = {
            "key": self.key(name, customer),
            "hosts": " ".join(hosts) if len(hosts) > 1 else "",
            "ready": edge.ready,
            "watch": edge.watch,
            "api": edge.api,
            "sample": f"{edge.sample:g}" if edge.sample < 1 else "",
            "wait": str(edge.wait_s) if edge.wait_s != EdgeBeacon().wait_s else "",
        }
        data = "".join(f' data-{key}="{escape(text)}"' for key, text in given.items() if text)
        scheme = own.scheme or "https"
        return "\n".join(
            f'<script async src="{scheme}://{host}/edge.js"{data}></script>' for host in hosts
        )

    # ---- what it means

    def window(self, service: Service, now: datetime) -> EdgeWindow | None:
        """Give what pages reported lately, for the verdict."""
        if service.edge is None:
            return None
        found = self.records.recent(now, service.name).get(service.name, [])
        expects = self._learn(now).expects.get(service.name, {}).get("")
        return window(service.name, found, now, expects)

    def reach(self, service: Service, now: datetime) -> Reach | None:
        """Say whom the trouble reaches, for the severity."""
        paying = {each.key for each in self._kit.catalog.customers if each.paying}
        return reach(self.window(service, now), paying)

    def expects(self, service: str, now: datetime) -> Mapping[str, Expected | None]:
        """Give the loads that are usual now, by site; the empty one is the whole."""
        return self._learn(now).expects.get(service, {})

    # ---- judging

    @property
    def is_used(self) -> bool:
        """Whether any page may report."""
        return any(each.edge for each in self._kit.catalog.services)

    def judge(self) -> bool:
        """Look at every service that pages report on; raise and clear. True when any changed."""
        catalog, now = self._kit.catalog, self._clock.now()
        services = [each for each in catalog.services if each.edge is not None]
        if not services and self._judged is catalog:
            return False
        with self._database.read() as tx:
            open_keys = open_keys_in(tx, EDGE)
        learnt, recent = self._learn(now), self.records.recent(now)
        loads = self._loads(now, learnt)
        names = {each.key: each.name for each in catalog.customers}
        changed = False
        for service in services:
            own = f"{service.name}/"
            view = View(
                service=service,
                now=now,
                buckets=recent.get(service.name, ()),
                usual=learnt.shares.get(service.name),
                loads=loads.get(service.name, {}),
                expects=learnt.expects.get(service.name, {}),
                names=names,
                open_keys=frozenset(
                    key for key in open_keys if key == service.name or key.startswith(own)
                ),
            )
            found = judge(view)
            changed |= self._write(service, found.raised, found.cleared, now)
        known = {service.name for service in services}
        gone = [key for key in open_keys if key.partition("/")[0] not in known]
        changed |= self._write(None, (), tuple(gone), now)
        self._judged = catalog
        return changed

    def _write(
        self,
        service: Service | None,
        raised: tuple[Said, ...],
        cleared: tuple[str, ...],
        at: datetime,
    ) -> bool:
        """Write each alert together with the triage it asks for."""
        if not raised and not cleared:
            return False
        with self._database.write() as tx:
            for each in raised:
                alert = Alert(
                    id=uuid7(at),
                    source=EDGE,
                    key=each.key,
                    service=service.name if service else "",
                    severity=each.severity,
                    opened_at=at,
                    title=each.title,
                    summary=each.summary,
                    reason=each.reason,
                    details=(("Site", each.site),) if each.site else (),
                )
                raise_in(tx, alert, [ask_triage(alert.id, at)])
            for key in cleared:
                over = clear_in(tx, EDGE, key, at)
                if over:
                    ask_in(tx, ask_triage(over.id, at))
        return True

    def _loads(self, now: datetime, learnt: Learnt) -> dict[str, dict[str, dict[int, int]]]:
        """Count loads in the spans that were listened to as a whole, zero where none came."""
        heard_s = (begin_of(now, MINUTE_S) - self._began_at).total_seconds()
        spans = [each for each in SPANS_S if each <= heard_s]
        if not spans or not any(any(sites.values()) for sites in learnt.expects.values()):
            return {}
        found = self.records.loads(now, spans)
        for service, sites in learnt.expects.items():
            own = found.setdefault(service, {})
            for site in sites:
                if site:
                    own.setdefault(site, dict.fromkeys(spans, 0))
            own[""] = {span: sum(each[span] for each in own.values()) for span in spans}
        return found

    def _learn(self, now: datetime) -> Learnt:
        """Give what is usual; looked at anew every ten minutes and with each hour."""
        known, at_s, hour = self._learnt, self._clock.monotonic_s(), begin_of(now, 3600)
        if known and known.hour == hour and at_s - known.at_s < _RELEARN_S:
            return known
        past = self.records.hourly(now - timedelta(seconds=_LEARN_S), now)
        hours = self.records.in_hours(hours_asked(now))
        self._learnt = Learnt(
            at_s=at_s,
            hour=hour,
            shares={name: usual_shares(each) for name, each in past.items()},
            expects={
                name: {
                    "": expected(_together(sites), now),
                    **{site: expected(each, now) for site, each in sites.items()},
                }
                for name, sites in hours.items()
            },
        )
        return self._learnt


def _together(sites: Mapping[str, Mapping[datetime, int]]) -> dict[datetime, int]:
    total: dict[datetime, int] = {}
    for hours in sites.values():
        for hour, loads in hours.items():
            total[hour] = total.get(hour, 0) + loads
    return total
