"""`python -m bench [names…]`: measure, print, and write bench/report.md."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import replace

from bench import report
from bench.measure import NotMeasured, Section

NAMES = (
    "startup",
    "idle",
    "detection",
    "checks",
    "storm",
    "append",
    "heartbeats",
    "intake",
    "public_page",
    "edge",
)


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"There is no measurement {unknown[0]}. Known: {', '.join(NAMES)}.", file=sys.stderr)
        return 2
    measured: dict[str, Section] = {}
    failed = False
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        try:
            load = os.getloadavg()[0]
            section: Section = importlib.import_module(f"bench.{name}").run()
            measured[name] = replace(section, load=load)
        except NotMeasured as reason:
            print(f"not measured: {reason}", file=sys.stderr)
            failed = True
            continue
        print(report.show(measured[name]), flush=True)
        report.write(measured)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
