"""Reads all the figures of a page that Prometheus could scrape."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from relight.detect.exposition import every_sample
from relight.detect.metrics.reading import Reading, labels_of


def readings_of(
    text: str, *, labels: Mapping[str, str], keep: Sequence[str], at: datetime
) -> tuple[Reading, ...]:
    """Give every kept series with its value; `labels` win over those of the page.

    A name in `keep` may end in `*`. Raises `Unreadable`.
    """
    return tuple(
        Reading(name=name, labels=labels_of({**sample.labels, **labels}), at=at, value=sample.value)
        for name, sample in every_sample(text, lambda name: kept(name, keep))
        if not math.isnan(sample.value)
    )


def kept(name: str, keep: Sequence[str]) -> bool:
    """Whether a metric is among those to keep; without any wish all are."""
    return not keep or any(
        name.startswith(each[:-1]) if each.endswith("*") else name == each for each in keep
    )
