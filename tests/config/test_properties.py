"""Whatever is in the file, reading it gives faults and never raises."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from relight.config.read import Reading

Read = Callable[..., Reading]

KIT = """\
name: Where2Eat
people:
  - name: rebecca
    zone: Europe/Amsterdam
    contacts:
      - email: rebecca@example.org
      - webhook: {url: https://hooks.example.org/rebecca, key: env:KEY}
services:
  - name: api
    depends_on: [db]
    checks: &checks
      - https://where2eat.example/health
      - http: {name: direct, url: https://where2eat.example/, connect_to: 203.0.113.7, status: [200, 2xx]}
  - name: db
    checks:
      - tcp: {address: "db.example:5432", every: 10s}
oncall:
  - name: primary
    zone: Europe/Amsterdam
    rotation: {every: 1w, from: 2026-01-05T09:00, people: [rebecca]}
status_page:
  publish:
    - folder: ./public
mail: {server: "smtp.example.org:587", password: file:mail.txt}
severities:
  S1: {stability: 5s, customer_mail: never}
"""
LINES = KIT.splitlines(keepends=True)
ENVIRONMENT = {"KEY": "hunter22"}
TOKENS = st.sampled_from(
    [
        *[
            "\n",
            "  ",
            "- ",
            ": ",
            "[",
            "]",
            "{",
            "}",
            ",",
            "&a ",
            "*a ",
            "!!x ",
            "|\n",
            ">\n",
            "? ",
        ],
        *['"', "'", "#", "%", "@", "\t", "\\", "~", "---\n", "<<", "\u2028", "\x85", "1e9", "60s"],
        *[
            "name",
            "people",
            "services",
            "checks",
            "http",
            "oncall",
            "rotation",
            "from",
            "mail",
            "S1",
        ],
    ]
)
YAMLISH = st.lists(TOKENS, max_size=60).map("".join)


def sound(reading: Reading) -> None:
    """Faults point into the file, are one line each, and only a faultless kit has a catalogue."""
    assert reading.catalog is not None or reading.faults
    for fault in reading.faults:
        assert fault.line >= 1
        assert "\n" not in str(fault)
        assert "hunter22" not in str(fault)


def test_the_kit_that_is_mutated_below_is_sound(read: Read):
    assert read(KIT, ENVIRONMENT).catalog is not None


@settings(deadline=None)
@given(text=st.text(max_size=200) | YAMLISH)
def test_any_text(read: Read, text: str):
    sound(read(text, ENVIRONMENT))


@settings(deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes(read: Read, raw: bytes):
    sound(read(raw, ENVIRONMENT))


@settings(deadline=None)
@given(at=st.integers(0, len(LINES) - 1))
def test_a_line_deleted(read: Read, at: int):
    sound(read("".join(LINES[:at] + LINES[at + 1 :]), ENVIRONMENT))


@settings(deadline=None)
@given(at=st.integers(0, len(LINES) - 1), to=st.integers(0, len(LINES)))
def test_a_line_copied_elsewhere(read: Read, at: int, to: int):
    sound(read("".join([*LINES[:to], LINES[at], *LINES[to:]]), ENVIRONMENT))


@settings(deadline=None)
@given(at=st.integers(0, len(KIT) - 1), put=TOKENS | st.characters(), over=st.integers(0, 3))
def test_a_slip_of_the_finger(read: Read, at: int, put: str, over: int):
    sound(read(KIT[:at] + put + KIT[at + over :], ENVIRONMENT))


@settings(deadline=None)
@given(value=YAMLISH | st.text(max_size=30), at=st.integers(0, len(LINES) - 1))
def test_any_value_at_any_key(read: Read, value: str, at: int):
    key, colon, _ = LINES[at].partition(": ")
    sound(read("".join([*LINES[:at], f"{key}{colon}{value}\n", *LINES[at + 1 :]]), ENVIRONMENT))
