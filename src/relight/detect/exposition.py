"""Reads one metric out of what Prometheus scrapes: its text format, and OpenMetrics.

Only the lines of the metric that is wanted are read, by patterns that never go back over what they
have read, so a page of 4 MB costs some milliseconds and a hostile one no more. Sources: text format
0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/) and OpenMetrics 1.0, of which
exemplars and `# EOF` are passed over.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
_QUOTED = r'"(?:[^"\\\n]|\\.)*+"'
_LABELS = rf'\{{((?:[^"}}\n]|{_QUOTED})*+)\}}'
_LABEL = re.compile(rf"\s*({_NAME})\s*(=~|!~|!=|=)\s*({_QUOTED})\s*(?:,|\Z)")
_SELECTOR = re.compile(rf"\s*({_NAME})\s*(?:{_LABELS})?\s*")
_SAMPLE = re.compile(
    rf"^[ \t]*+({_NAME})[ \t]*+(?:{_LABELS}[ \t]*+)?(?<=[ \t}}])[-+]?(?:[0-9.]|Inf|NaN)",
    re.MULTILINE | re.IGNORECASE,
)
_LINE = re.compile(rf"^[ \t]*+({_NAME})(?=[ \t{{])(.*)$", re.MULTILINE)
_REST = re.compile(rf"[ \t]*+(?:{_LABELS})?[ \t]*+([^ \t#]*)")
_ESCAPED = re.compile(r"\\(.)")
_LONGEST_LABEL = 1024
_MOST_SERIES = 20_000


class Unreadable(ValueError):
    """What was read is not what it claims to be; the sentence says where."""


class Matcher(msgspec.Struct, frozen=True):
    """One wish about a label. A label that is not there is an empty one, as in Prometheus."""

    label: str
    sign: str
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a series has what is wished for."""
        found = labels.get(self.label, "")
        if "~" in self.sign:
            same = bool(re.fullmatch(self.value, found[:_LONGEST_LABEL], re.DOTALL))
        else:
            same = found == self.value
        return same is not self.sign.startswith("!")


class Selector(msgspec.Struct, frozen=True):
    """A metric and the series of it that are meant: `http_requests_total{code=~"5.."}`."""

    name: str
    matchers: tuple[Matcher, ...] = ()

    def __str__(self) -> str:
        """Write it as Prometheus does."""
        inside = ",".join(f'{each.label}{each.sign}"{each.value}"' for each in self.matchers)
        return f"{self.name}{{{inside}}}" if inside else self.name


class Sample(msgspec.Struct, frozen=True):
    """One series with its value."""

    labels: Mapping[str, str]
    value: float


def read_selector(written: str) -> Selector:
    """Read a name with label matchers. Raises `ValueError` with a sentence."""
    whole = _SELECTOR.fullmatch(written)
    matchers = None if whole is None else _matchers(whole[2] or "")
    if whole is None or matchers is None:
        msg = f'`{written}` is not a metric. Write one like http_requests_total{{code="500"}}.'
        raise ValueError(msg)
    for each in matchers:
        if "~" in each.sign:
            _check_pattern(each.value)
    return Selector(whole[1], matchers)


def _matchers(inside: str) -> tuple[Matcher, ...] | None:
    found: list[Matcher] = []
    at, end = 0, len(inside.rstrip())
    while at < end:
        one = _LABEL.match(inside, at)
        if one is None:
            return None
        value = _ESCAPED.sub(lambda each: "\n" if each[1] == "n" else each[1], one[3][1:-1])
        found.append(Matcher(one[1], one[2], value))
        at = one.end()
    return tuple(found)


def _check_pattern(pattern: str) -> None:
    """Take only patterns whose matching cannot run away: no groups, one repeat an alternative."""
    plain = re.sub(r"\\.", "", pattern)
    repeats = (len(re.findall(r"[*+?]", part)) for part in plain.split("|"))
    if re.search(r"[(){}]", plain) or max(repeats) > 1:
        msg = (
            f"`{pattern}` is more than a label is matched with. Use letters, `.`, `[…]`, `|`, "
            "and one `*`, `+` or `?` in each alternative."
        )
        raise ValueError(msg)
    try:
        re.compile(pattern)
    except re.error as error:
        msg = f"`{pattern}` is not a pattern: {error.msg}."
        raise ValueError(msg) from None


def names_in(text: str) -> frozenset[str]:
    """Give every name that has a series; none at all means that this is no such text."""
    return frozenset(found[1] for found in _SAMPLE.finditer(text))


def samples_of(text: str, selector: Selector) -> list[Sample]:
    """Give the series that are meant, in the order written. Raises `Unreadable`."""
    line = re.compile(rf"^[ \t]*+{re.escape(selector.name)}(?=[ \t{{])(.*)$", re.MULTILINE)
    found: list[Sample] = []
    for each in line.finditer(text):
        sample = _sample(each[1], selector.name)
        if all(matcher.holds(sample.labels) for matcher in selector.matchers):
            found.append(sample)
        if len(found) > _MOST_SERIES:
            msg = f"{selector.name} has more than {_MOST_SERIES} series"
            raise Unreadable(msg)
    return found


def every_sample(text: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, Sample]]:
    """Give every series whose name is wanted, with its name, in one go. Raises `Unreadable`."""
    for each in _LINE.finditer(text):
        if wanted(each[1]):
            yield each[1], _sample(each[2], each[1])


def _sample(rest: str, name: str) -> Sample:
    parts = _REST.match(rest)
    labels = None if parts is None else _matchers(parts[1] or "")
    if parts is None or labels is None or any(each.sign != "=" for each in labels):
        msg = f"the labels of {name} cannot be read"
        raise Unreadable(msg)
    try:
        value = float(parts[2].strip("\r").replace("_", "x"))
    except ValueError:
        msg = f"a value of {name} is not a number"
        raise Unreadable(msg) from None
    return Sample({each.label: each.value for each in labels}, value)
