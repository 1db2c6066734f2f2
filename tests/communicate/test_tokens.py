"""Every text colour can be read on whatever it may lie on, in light and in dark."""

import re

import pytest

from relight.communicate.render.templates import style

TOKENS = {
    match[1]: (match[2], match[3])
    for match in re.finditer(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", style("tokens.css").decode()
    )
}
SURFACES = ["surface", "surface-raised", "surface-sunken"]
STATES = ["operational", "degraded", "partial", "major", "maintenance", "unknown"]
WASHES = [name for name in TOKENS if name.endswith("-wash")]
PAIRS = (
    [(ink, ground) for ink in ("ink", "ink-soft") for ground in SURFACES + WASHES]
    + [(state, ground) for state in STATES for ground in [*SURFACES, f"{state}-wash"]]
    + [("accent-ink", ground) for ground in [*SURFACES, "accent-wash"]]
    + [("on-accent", "accent")]
)


def luminance(colour: str) -> float:
    """Follow WCAG 2.2, relative luminance."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_reaches_4_5(text: str, ground: str, scheme: int):
    assert contrast(TOKENS[text][scheme], TOKENS[ground][scheme]) >= 4.5


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", SURFACES)
def test_the_edge_of_a_control_reaches_3(ground: str, scheme: int):
    assert contrast(TOKENS["line-strong"][scheme], TOKENS[ground][scheme]) >= 3


def test_every_token_that_the_public_page_uses_exists():
    used = set(re.findall(r"var\(--([\w-]+)\)", style("page.css").decode()))
    named = set(re.findall(r"--([\w-]+):", style("tokens.css").decode()))
    assert used <= named
