"""Lengths of time, as users write and read them."""

import re

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_WRITTEN = re.compile(r"(\d+)(s|m|h|d|w)\Z")


def parse_duration_s(written: str) -> int:
    """Read an integer with a unit (`30s`, `5m`, `2h`, `1d`, `1w`) as whole seconds.

    Raises `ValueError` with a sentence that says the form.
    """
    match = _WRITTEN.match(written.strip())
    if not match:
        msg = (
            f"`{written}` is not a duration. Write a whole number and s, m, h, d or w, like `30s`."
        )
        raise ValueError(msg)
    return int(match[1]) * _UNITS_S[match[2]]


def write_duration(seconds: float) -> str:
    """Write seconds as people say them, with at most two units: `45 s`, `12 min`, `3 h 20 min`."""
    whole = max(0, round(seconds))
    names = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    parts: list[str] = []
    for name, size in names:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"
