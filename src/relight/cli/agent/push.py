"""Hands the figures of this machine over as OTLP, and keeps what could not be handed over."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from relight.cli.agent.machine import Figure, Machine
from relight.kernel.clock import Clock
from relight.kernel.faults import RelightError
from relight.kernel.plug import PlugFailed
from relight.kernel.ports import Http, HttpRequest

_KEPT = 40
"""So many looks are kept while nobody takes them; the oldest go first."""
_CUMULATIVE = 2
_TIMEOUT_S = 10.0


class KeyRefused(RelightError):
    """Relight does not know this agent's key."""

    hint = "`relight agent key NAME` prints the key of a host that `relight.yaml` names."


def otlp(looks: Sequence[tuple[datetime, Sequence[Figure]]]) -> bytes:
    """Write looks as an OTLP/JSON request."""
    metrics: dict[str, dict[str, Any]] = {}
    for at, figures in looks:
        for each in figures:
            kind = "sum" if each.grows else "gauge"
            metric = metrics.setdefault(
                each.name, {"name": each.name, "unit": each.unit, kind: {"dataPoints": []}}
            )
            metric[kind]["dataPoints"].append(_point(each, at))
            if each.grows:
                metric[kind] |= {"isMonotonic": True, "aggregationTemporality": _CUMULATIVE}
    scope = {"scope": {"name": "relight-agent"}, "metrics": list(metrics.values())}
    return msgspec.json.encode({"resourceMetrics": [{"scopeMetrics": [scope]}]})


def _point(figure: Figure, at: datetime) -> dict[str, Any]:
    return {
        "timeUnixNano": str(int(at.timestamp() * 1e9)),
        "asDouble": figure.value,
        "attributes": [
            {"key": name, "value": {"stringValue": value}} for name, value in figure.labels
        ],
    }


class Pusher:
    """Looks and pushes at a steady beat. `said` hears of every change between well and cut off."""

    def __init__(
        self,
        *,
        machine: Machine,
        http: Http,
        clock: Clock,
        url: str,
        key: str,
        said: Callable[[str], None],
    ) -> None:
        """Take the machine, the way out, and where to push with which key."""
        self._machine = machine
        self._http = http
        self._clock = clock
        self._url = f"{url.rstrip('/')}/v1/metrics"
        self._key = key
        self._said = said
        self._waiting: deque[tuple[datetime, list[Figure]]] = deque(maxlen=_KEPT)
        self._fault: str | None = None

    async def run(self, every_s: float) -> None:
        """Go on until cancelled. Raises `KeyRefused`."""
        next_s = self._clock.monotonic_s()
        while True:
            await self.turn()
            next_s = max(next_s + every_s, self._clock.monotonic_s())
            await asyncio.sleep(next_s - self._clock.monotonic_s())

    async def turn(self) -> None:
        """Look once and hand over all that waits."""
        figures = await asyncio.to_thread(self._machine.look, self._clock.monotonic_s())
        self._waiting.append((self._clock.now(), figures))
        fault = await self._hand_over()
        if not fault:
            self._waiting.clear()
        if fault != self._fault:
            kept = f"{fault} The newest {_KEPT} looks are kept until it does."
            self._said(kept if fault else f"Figures arrive at {self._url}.")
        self._fault = fault

    async def _hand_over(self) -> str:
        request = HttpRequest(
            method="POST",
            url=self._url,
            headers={
                "Authorization": f"Bearer {self._key}",
                "Content-Type": "application/json",
            },
            body=otlp(self._waiting),
            timeout_s=_TIMEOUT_S,
        )
        try:
            answer = await self._http.request(request)
        except PlugFailed as error:
            return str(error)
        if answer.status == 401:
            raise KeyRefused
        return "" if answer.status == 200 else f"It answered {answer.status}."
