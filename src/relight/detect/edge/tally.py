"""Counts what pages report, as it comes in: one line of text each, answered before it is stored.

Nothing of a visitor is kept. An address is known here only as a keyed hash, for as long as it takes
to tell ten visitors from one who reloads ten times; the key is thrown away every few minutes.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from relight.catalog.customer import Customer

OWN = "-"
"""Stands for the site where a service's snippet is not a customer's."""

LARGEST = 512
"""A report is no longer than this, in bytes."""

_MOST_OF_A_SITE = 20_000
_MOST_OF_A_VISITOR = 6
_MOST_VISITORS = 65_536
_MOST_FAILING = 20_000
_MOST_REASONS = 20
_REPORT = re.compile(
    rb"k=([a-z2-7]{20})"
    rb"(?:&o=([01])&t=([0-9]{1,7}))?"  # a load, and after how many ms it was decided
    rb"(&e=1)?(&a=1)?"  # the page's first error; its first failed call
    rb"(?:&m=([\w.:+-]{1,80}))?"  # the reason, in a few words
)
_NUMBER = re.compile(r"\d{3,}")


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """Who reports with a key: a service on the pages of one customer."""

    service: str
    customer: Customer | None = None
    slow_ms: int = 3000

    @property
    def site(self) -> str:
        """Name the site."""
        return self.customer.key if self.customer else OWN


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of one service on one site. All but `visitors` are counts of loads.

    `visitors` are those whose loads failed, as far as they can be told apart.
    """

    service: str
    site: str
    loads: int = 0
    failed: int = 0
    slow: int = 0
    errors: int = 0
    api_failed: int = 0
    visitors: int = 0


class Drained(msgspec.Struct, frozen=True):
    """What was counted since the last time; `reasons` by service and words."""

    counts: tuple[Counts, ...]
    reasons: tuple[tuple[str, str, int], ...]


def together(one: Drained, other: Drained) -> Drained:
    """Add two takings up, for when the first could not be written."""
    counts: dict[tuple[str, str], Counts] = {}
    for each in (*one.counts, *other.counts):
        known = counts.get((each.service, each.site))
        counts[each.service, each.site] = added(known, each) if known else each
    reasons: dict[tuple[str, str], int] = {}
    for service, words, count in (*one.reasons, *other.reasons):
        if (service, words) in reasons or len(reasons) < _MOST_REASONS:
            reasons[service, words] = reasons.get((service, words), 0) + count
    return Drained(
        tuple(counts.values()), tuple((*words, count) for words, count in reasons.items())
    )


def added(one: Counts, other: Counts) -> Counts:
    """Add counts up; service and site are those of the first."""
    return msgspec.structs.replace(
        one,
        loads=one.loads + other.loads,
        failed=one.failed + other.failed,
        slow=one.slow + other.slow,
        errors=one.errors + other.errors,
        api_failed=one.api_failed + other.api_failed,
        visitors=one.visitors + other.visitors,
    )


class _Cell:
    """What one key came to since the last time."""

    __slots__ = ("api", "errors", "failed", "loads", "reporter", "slow", "taken", "visitors")

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.taken = 0
        self.clear()

    def clear(self) -> None:
        self.loads = self.failed = self.slow = self.errors = self.api = self.visitors = 0


class Tally:
    """Counts of this process since they were last taken out. Its size is bounded by the keys known.

    `left_out` says how many reports were not counted, by reason.
    """

    def __init__(self, secret: bytes, left_out: Counter[str] | None = None) -> None:
        """Take the first key for addresses; nobody reports yet."""
        self._cells: dict[bytes, _Cell] = {}
        self._touched: set[_Cell] = set()
        self._reasons: dict[tuple[str, str], int] = {}
        self._hosts: dict[tuple[bytes, bytes], bool] = {}
        self.left_out: Counter[str] = Counter() if left_out is None else left_out
        self.forget(secret)

    def declare(self, reporters: Mapping[bytes, Reporter]) -> None:
        """Take reports from these keys alone; what is counted already stays."""
        known = self._cells
        self._cells = {key: known.get(key) or _Cell(each) for key, each in reporters.items()}
        for key, each in reporters.items():
            self._cells[key].reporter = each
        self._hosts.clear()

    def forget(self, secret: bytes) -> None:
        """Throw away what is known of addresses, and hash them with another key from now on."""
        self._secret = secret
        self._failing: set[bytes] = set()
        self.turn()

    def turn(self) -> None:
        """Begin a new span of ten seconds, in which everyone may report again."""
        self._seen: Counter[bytes] = Counter()
        for cell in self._cells.values():
            cell.taken = 0

    def take(self, text: bytes, address: str, origin: bytes) -> bool:
        """Count one report; False where it was left out, which the sender is never told.

        `address` is empty where it says nothing, `origin` is the page's as the browser gives it.
        """
        found = _REPORT.fullmatch(text)
        if found is None:
            self.left_out["unreadable"] += 1
            return False
        key, outcome, took, error, api, reason = found.groups()
        cell = self._cells.get(key)
        if cell is None:
            self.left_out["unknown"] += 1
            return False
        if cell.taken >= _MOST_OF_A_SITE:
            self.left_out["crowded"] += 1
            return False
        cell.taken += 1
        if origin and not self._is_theirs(key, cell.reporter, origin):
            self.left_out["foreign"] += 1
            return False
        visitor = self._visitor(key, address) if address else b""
        if visitor and not self._may(visitor):
            self.left_out["repeated"] += 1
            return False
        if outcome:
            cell.loads += 1
            if outcome == b"0":
                cell.failed += 1
                if not visitor or self._is_new(visitor):
                    cell.visitors += 1
            elif int(took) >= cell.reporter.slow_ms:
                cell.slow += 1
        if error:
            cell.errors += 1
        if api:
            cell.api += 1
        if reason:
            self._note(cell.reporter.service, reason)
        self._touched.add(cell)
        return True

    def drain(self) -> Drained:
        """Give what was counted since the last time, and begin at zero."""
        counts: list[Counts] = []
        for cell in self._touched:
            counts.append(
                Counts(
                    service=cell.reporter.service,
                    site=cell.reporter.site,
                    loads=cell.loads,
                    failed=cell.failed,
                    slow=cell.slow,
                    errors=cell.errors,
                    api_failed=cell.api,
                    visitors=cell.visitors,
                )
            )
            cell.clear()
        reasons = tuple((*words, count) for words, count in self._reasons.items())
        self._touched.clear()
        self._reasons.clear()
        return Drained(tuple(counts), reasons)

    def _visitor(self, key: bytes, address: str) -> bytes:
        return hashlib.blake2b(key + address.encode(), key=self._secret, digest_size=8).digest()

    def _may(self, visitor: bytes) -> bool:
        """Whether a visitor has not had their share; once too many are about, no new one has."""
        if visitor not in self._seen and len(self._seen) >= _MOST_VISITORS:
            return False
        self._seen[visitor] += 1
        return self._seen[visitor] <= _MOST_OF_A_VISITOR

    def _is_new(self, visitor: bytes) -> bool:
        if visitor in self._failing:
            return False
        if len(self._failing) < _MOST_FAILING:
            self._failing.add(visitor)
        return True

    def _is_theirs(self, key: bytes, reporter: Reporter, origin: bytes) -> bool:
        known = self._hosts.get((key, origin))
        if known is None:
            if len(self._hosts) >= _MOST_VISITORS:
                self._hosts.clear()
            known = stands_on(reporter, origin)
            self._hosts[key, origin] = known
        return known

    def _note(self, service: str, reason: bytes) -> None:
        words = _NUMBER.sub("#", reason.decode("ascii", "replace").replace("+", " ")).strip()
        place = (service, words)
        if words and (place in self._reasons or len(self._reasons) < _MOST_REASONS):
            self._reasons[place] = self._reasons.get(place, 0) + 1


def stands_on(reporter: Reporter, origin: bytes) -> bool:
    """Whether a page's origin or address is the reporter's; one that tells nothing is let in."""
    if reporter.customer is None or not reporter.customer.sites:
        return True
    try:
        parts = urlsplit(origin[:300].decode("ascii"))
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if not host:
        return origin == b"null"
    theirs = reporter.customer.stands_on
    return theirs(host) or (port is not None and theirs(f"{host}:{port}"))
