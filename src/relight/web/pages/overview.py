"""The answer on top of the home page: one plain sentence from what is known."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from relight.catalog.component import ComponentState
from relight.communicate.wording import listed, time_of_day
from relight.desk.desk import Standing
from relight.incident.state import Incident
from relight.incident.summary import plain_sentence
from relight.web.pages.wording import coarse, counted

_LATE_S = 180.0
_JUST_S = 2.0


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The sentence, the shape that goes with it, and the second line; `troubled` is worst first."""

    shape: str
    sentence: str
    beside: str
    troubled: tuple[Standing, ...]
    calm: tuple[Standing, ...]
    checked_at: datetime | None


def overview(standings: Sequence[Standing], live: Sequence[Incident], now: datetime) -> Overview:
    """Weigh services and live incidents. Incidents come first: somebody has to do something."""
    troubled = tuple(each for each in standings if each.state is not ComponentState.OPERATIONAL)
    calm = tuple(each for each in standings if each.state is ComponentState.OPERATIONAL)
    checked_at = max(
        (state.last_at for each in standings for state in each.checks.values() if state.last_at),
        default=None,
    )
    worst = sorted(troubled, key=lambda each: -each.state.rank)
    shape, sentence = _answer(standings, worst, live, now)
    return Overview(
        shape=shape,
        sentence=sentence,
        beside=_beside(standings, worst, live, checked_at, now),
        troubled=tuple(worst),
        calm=calm,
        checked_at=checked_at,
    )


def _answer(
    standings: Sequence[Standing],
    worst: Sequence[Standing],
    live: Sequence[Incident],
    now: datetime,
) -> tuple[str, str]:
    urgent = sorted(live, key=lambda each: (each.severity.rank, each.declared_at))
    if len(urgent) == 1:
        return urgent[0].severity, plain_sentence(urgent[0], now)
    if urgent:
        free = [each.name for each in urgent if not each.acknowledged_by]
        who = f"Nobody has {listed(free)} yet." if free else "Somebody has each of them."
        return urgent[0].severity, f"{len(urgent)} incidents are live. {who}"
    if worst:
        since = min((each.since for each in worst if each.since), default=None)
        when = f" since {time_of_day(since)}" if since else ""
        names = listed([each.service.title for each in worst], most=3)
        return worst[0].state, f"Trouble with {names}{when}. No incident is declared."
    if not standings:
        return "unknown", "Nothing is watched yet."
    if not any(each.service.checks for each in standings):
        return "unknown", "No service has a check yet, so nothing is known."
    if not any(state.last_at for each in standings for state in each.checks.values()):
        return "unknown", f"{counted(len(standings), 'service')}; no check has answered yet."
    works = "1 service works." if len(standings) == 1 else f"All {len(standings)} services work."
    return "operational", works


def _beside(
    standings: Sequence[Standing],
    worst: Sequence[Standing],
    live: Sequence[Incident],
    checked_at: datetime | None,
    now: datetime,
) -> str:
    words: list[str] = []
    if live and len(standings) > 1:
        fine = len(standings) - len(worst)
        words.append(f"{fine} of {len(standings)} services {'works' if fine == 1 else 'work'}.")
    if checked_at:
        age_s = (now - checked_at).total_seconds()
        words.append("Just checked." if age_s < _JUST_S else f"Last checked {coarse(age_s)} ago.")
        if age_s > _LATE_S:
            words.append("That is late: look whether Relight still runs.")
    return " ".join(words)
