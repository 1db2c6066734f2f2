"""How long from the first failing probe until the page is in the channel's hands."""

from __future__ import annotations

import statistics

from bench.house import Origin, free_port, kit, serving, up
from bench.measure import Figure, NotMeasured, Section

ROUNDS = 5
_WITHIN_S = 30.0


def run() -> Section:
    taken = [_once() for _ in range(ROUNDS)]
    return Section(
        title="From failing to paging",
        how=f"A service on this machine begins to answer 502; timed from its first 502 to the "
        f"webhook of the person who is paged. Checked and confirmed every second, {ROUNDS} times "
        "with a new kit; no peer.",
        figures=[
            Figure(
                what="first failing probe to page, median",
                unit="s",
                ours=statistics.median(taken),
                target=5,
                better="less",
            ),
            Figure(
                what="first failing probe to page, slowest",
                unit="s",
                ours=max(taken),
                target=5,
                better="less",
            ),
        ],
    )


def _once() -> float:
    service, sink, port = Origin(), Origin(), free_port()
    written = f"""\
name: Bench
people:
  - name: rebecca
    contacts:
      - webhook: {sink.url}/page
services:
  - name: api
    checks:
      - http: {{url: "{service.url}/health", every: 1s, confirm: 1s}}
"""
    try:
        with kit(written) as folder, serving(up(folder, port), port, "/ready"):
            service.failing.set()
            if not service.first_failed.wait(_WITHIN_S) or not sink.paged.wait(_WITHIN_S):
                raise NotMeasured(f"no page within {_WITHIN_S:.0f} s")
            return sink.paged_at - service.failed_at
    finally:
        service.close()
        sink.close()
