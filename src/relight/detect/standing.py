"""How the checks of a service stand together, seen by the way that each one takes."""

from collections.abc import Iterable, Mapping

import msgspec

from relight.catalog.service import Check, Route, Service
from relight.detect.judge import CheckState


class Standing(msgspec.Struct, frozen=True):
    """Some checks: those with any result, and of these the ones judged down."""

    checked: tuple[Check, ...]
    failing: tuple[Check, ...]

    @property
    def all_fail(self) -> bool:
        """Whether every check that has a result is down, and there is at least one."""
        return bool(self.checked) and len(self.failing) == len(self.checked)

    @property
    def some_fail(self) -> bool:
        """Whether at least one is down."""
        return bool(self.failing)


def standing(checks: Iterable[Check], states: Mapping[str, CheckState]) -> Standing:
    """Sort checks by their states; one without a state or a result counts for nothing."""
    known = [(check, states[check.key]) for check in checks if check.key in states]
    return Standing(
        checked=tuple(check for check, state in known if state.checked),
        failing=tuple(check for check, state in known if state.failing),
    )


def by_route(service: Service, route: Route) -> tuple[Check, ...]:
    """Give the service's checks that take this way."""
    return tuple(check for check in service.checks if check.route is route)


def users_way(service: Service) -> tuple[Check, ...]:
    """Give the checks that go as users do; where none goes through an edge, those are all."""
    return by_route(service, Route.THROUGH) or service.checks
