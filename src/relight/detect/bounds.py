"""A number against the bounds that somebody set, in words."""

import math


def compared(
    what: str, value: float, *, above: float | None, below: float | None, unit: str = ""
) -> tuple[bool, str]:
    """Say whether a number lies between the bounds, neither included, and what was found.

    `unit` follows the number as it is, so it begins with its space: " s".
    """
    if math.isnan(value):
        return False, f"{what} is not a number"
    said = f"{what} is {shown(value)}{unit}"
    if below is not None and not value < below:
        return False, f"{said}, wanted below {shown(below)}{unit}"
    if above is not None and not value > above:
        return False, f"{said}, wanted above {shown(above)}{unit}"
    return True, said


def shown(value: float) -> str:
    """Write a number for people: whole ones in full, others with four figures."""
    return f"{value:.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"
