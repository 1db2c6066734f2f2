"""Damps what goes up and down again and again: each time, up has to hold longer to be believed.

Nagios counts state changes over 21 checks; here only confirmed outages count, over a length of
time, so that the interval of a check does not change what flapping means.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=30)
"""As long as this an outage counts."""

KEPT = 8
_FREE = 2
_FIRST_S = 60.0
_MOST_S = 600.0


def remembered(outages: Sequence[datetime], at: datetime) -> tuple[datetime, ...]:
    """Add an outage that begins now, and forget those that no longer count."""
    return (*(each for each in outages if at - each < WINDOW), at)[-KEPT:]


def hold_s(outages: Sequence[datetime], at: datetime) -> float:
    """Tell for how many seconds good results have to go on before the check is up again.

    The first two outages in half an hour ask for nothing more; the third asks for a minute, and
    each further one for twice as long, up to ten minutes.
    """
    counted = sum(1 for each in outages if at - each < WINDOW)
    over = counted - _FREE
    return 0.0 if over <= 0 else min(_FIRST_S * 2.0 ** (over - 1), _MOST_S)
