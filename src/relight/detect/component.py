"""How a service stands on the status page: from its checks, or as a person says.

It follows the checks, not the incident: a component is operational as soon as its recovery is
confirmed, while the incident goes on being watched.
"""

from collections.abc import Mapping

from relight.catalog.component import ComponentState
from relight.catalog.service import Route, Service
from relight.detect.judge import CheckState
from relight.detect.standing import by_route, standing, users_way


def component_state(
    service: Service,
    states: Mapping[str, CheckState],
    override: ComponentState | None,
) -> tuple[ComponentState, str]:
    """Give the component's state and the reason, for people who are signed in.

    A single unconfirmed failure changes nothing, and neither does having no result yet: the page
    claims no outage that nobody has seen.
    """
    if override is not None:
        return override, "Set by a person."
    users = standing(users_way(service), states)
    direct = standing(by_route(service, Route.DIRECT), states)
    counted = f"On the users' way {len(users.failing)} of {len(users.checked)} checks fail."
    if len(users.checked) == 1:
        counted = "The check on the users' way fails."
    if users.all_fail:
        return ComponentState.MAJOR_OUTAGE, counted
    if users.some_fail:
        return ComponentState.PARTIAL_OUTAGE, counted
    if direct.some_fail:
        return ComponentState.DEGRADED_PERFORMANCE, "Only direct checks fail; users are served."
    for check in users_way(service):
        state = states.get(check.key)
        if state and state.degraded:
            return ComponentState.DEGRADED_PERFORMANCE, f"{check.key}: {state.degraded}."
        alone, well = state.split(check, state.last_at) if state and state.last_at else ((), ())
        if alone and well:
            where = " and ".join(sorted(view.vantage for view in alone))
            said = f"{check.key} fails from {where} alone; {len(well)} others see it answer."
            return ComponentState.DEGRADED_PERFORMANCE, said
    if not service.checks:
        return ComponentState.OPERATIONAL, "No check watches it."
    if not standing(service.checks, states).checked:
        return ComponentState.OPERATIONAL, "Not checked yet."
    return ComponentState.OPERATIONAL, "No check fails."
