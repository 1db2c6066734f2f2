"""Silences, from the kit and from people: which one holds an alert back, and making and ending."""

from datetime import datetime, timedelta
from typing import Protocol

from relight.catalog.catalog import Catalog
from relight.catalog.silence import Silence
from relight.detect.alert import Alert
from relight.detect.silence import Silenced, lasts_until, maintained, silenced
from relight.kernel.actor import Actor
from relight.kernel.faults import NotFound, Refused
from relight.kernel.ids import uuid7


class SilenceNotFound(NotFound):
    """There is no such silence."""

    hint = "`relight silence list` shows them all."


class SilenceTaken(Refused):
    """A silence by this name lasts already."""

    hint = "End it first, or choose another name."


class SilenceTooWide(Refused):
    """A silence needs at least one label, or it would hold back everything."""

    hint = "Name a service, a check, a source, a route or a severity."


class SilenceFromKit(Refused):
    """This silence stands in `relight.yaml`."""

    hint = "Take it out there."


class Records(Protocol):
    """What is asked of the store; `store.silences.SilenceRecords` serves it."""

    def silences(self, now: datetime) -> list[Silence]:
        """Give those that have not ended."""
        ...

    def make(self, silence: Silence, ends_at: datetime, now: datetime) -> bool:
        """Keep one until it ends; False where the name is taken."""
        ...

    def end(self, name: str, now: datetime) -> bool:
        """End one now; False where there is none by that name."""
        ...


class Silencing:
    """All silences of an installation."""

    def __init__(self, records: Records) -> None:
        """Take the records of those that people made."""
        self._records = records

    def all(self, catalog: Catalog, now: datetime) -> list[Silence]:
        """Give those that have not ended: the kit's, and then those that people made."""
        declared = (*catalog.maintenance, *catalog.silences)
        kept = [each for each in declared if each.ends is None or each.ends > now]
        return [*kept, *self._records.silences(now)]

    def lasting(self, catalog: Catalog, now: datetime) -> list[Silenced]:
        """Give those that last now, each with its end."""
        return [
            Silenced(silence=each, until=until)
            for each in self.all(catalog, now)
            if (until := lasts_until(each, now)) is not None
        ]

    def silence(self, alert: Alert, catalog: Catalog, now: datetime) -> Silenced | None:
        """Give the silence that holds an alert back now."""
        return silenced(alert, self.all(catalog, now), now)

    def maintenance(self, service: str, catalog: Catalog, now: datetime) -> Silenced | None:
        """Give the maintenance that a service is under now; people's silences are none."""
        return maintained(service, catalog.maintenance, now)

    def make(
        self, silence: Silence, *, for_s: float, by: Actor, now: datetime, catalog: Catalog
    ) -> Silence:
        """Begin one now; without a name it gets one. Raises `SilenceTooWide` or `SilenceTaken`."""
        labels = (
            silence.services,
            silence.checks,
            silence.sources,
            silence.routes,
            silence.severities,
        )
        if not any(labels):
            raise SilenceTooWide
        name = silence.name or f"silence-{uuid7(now)[-6:]}"
        ends = now + timedelta(seconds=for_s)
        made = Silence(
            name=name,
            reason=silence.reason,
            services=silence.services,
            checks=silence.checks,
            sources=silence.sources,
            routes=silence.routes,
            severities=silence.severities,
            starts=now,
            ends=ends,
            by=str(by),
        )
        known = {each.name for each in (*catalog.maintenance, *catalog.silences)}
        if name in known or not self._records.make(made, ends, now):
            raise SilenceTaken
        return made

    def end(self, name: str, catalog: Catalog, now: datetime) -> None:
        """End one now. Raises `SilenceFromKit` or `SilenceNotFound`."""
        if any(each.name == name for each in (*catalog.maintenance, *catalog.silences)):
            raise SilenceFromKit
        if not self._records.end(name, now):
            raise SilenceNotFound
