"""When a cron expression's next moment is, in a zone, over changes of its clocks.

As Debian's cron has it: a job at a fixed time that a clock change leaves out runs right after it,
and one whose time comes twice runs the first time; a job that runs by the hour or minute (`*`)
follows the time that really passes.
"""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_LONGEST = 200


def next_after(cron: str, zone: str, after: datetime) -> datetime | None:
    """Give the first moment of an expression after a time, as UTC; None where none ever comes."""
    moments = CronSim(cron, after.astimezone(ZoneInfo(zone)))
    try:
        for moment in moments:
            at = moment.astimezone(UTC)
            # A wall clock that is in its second round of an hour says the first round's times.
            if at > after:
                return at
    except CronSimError:
        return None
    return None


@lru_cache(maxsize=256)
def wrong_with(cron: str) -> str:
    """Say what is wrong with an expression; empty where nothing is."""
    if len(cron) > _LONGEST:
        return "It is too long."
    try:
        found = next(CronSim(cron, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        # The library's own words: `Bad minute`, `Wrong number of fields`.
        words = str(error)
        if words.startswith("Bad "):
            return f"Its {words.removeprefix('Bad ')} is not one that cron knows."
        return "It has five fields: minute, hour, day, month, weekday."
    except StopIteration:
        return "That moment never comes."
    del found
    return ""
