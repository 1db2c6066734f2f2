import json
from datetime import UTC, datetime, timedelta, timezone
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.communicate.wording import beside, listed, moment, printable

AT = datetime(2026, 5, 2, 2, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ([], ""),
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (["A", "B", "C"], "A, B and C"),
        (["A", "B", "C", "D", "E", "F"], "A, B, C and 3 others"),
    ],
)
def test_names_are_listed_as_in_a_sentence(names: list[str], sentence: str):
    assert listed(names) == sentence


def test_times_are_written_in_utc_wherever_they_come_from():
    amsterdam = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 5, 2, 1, 3, tzinfo=amsterdam)) == "1 May 2026, 23:03 UTC"


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (AT, "02:03 UTC"),
        (datetime(2026, 5, 1, 23, 59, tzinfo=UTC), "1 May, 23:59 UTC"),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "31 December 2025, 23:59 UTC"),
    ],
)
def test_the_day_is_written_only_where_it_differs(at: datetime, written: str):
    assert beside(at, AT) == written


@given(st.text(st.characters()))
def test_printable_text_survives_xml_and_json(text: str):
    shown = printable(text)
    assert "\r" not in shown
    element = ET.Element("t")
    element.text = shown
    assert (ET.fromstring(ET.tostring(element)).text or "") == shown  # noqa: S314
    assert json.loads(json.dumps(shown).encode()) == shown
    assert shown.encode().decode() == shown
