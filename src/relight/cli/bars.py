"""Where the time of one look went, as a small table with bars."""

from relight.kernel.ports import Phases

_WIDTH = 40


def bars(phases: Phases) -> list[str]:
    """Give a line for each phase that there was; each bar begins where the one before ends."""
    steps = (
        ("resolve", phases.resolve),
        ("connect", phases.connect),
        ("TLS", phases.tls),
        ("first byte", phases.first_byte),
    )
    whole = max(phases.total, sum(took for _, took in steps if took is not None), 1e-9)
    lines: list[str] = []
    gone = 0.0
    for name, took in steps:
        if took is not None:
            lines.append(_line(name, took, gone / whole, took / whole))
            gone += took
    lines.append(_line("total", phases.total, 0, phases.total / whole))
    return lines


def _line(name: str, took_s: float, begins: float, share: float) -> str:
    before = min(round(begins * _WIDTH), _WIDTH - 1)
    length = min(max(1, round(share * _WIDTH)), _WIDTH - before)
    return f"{name:<10}  {took_s * 1000:>8.1f} ms  {' ' * before}{'#' * length}"
