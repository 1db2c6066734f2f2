"""What is counted of what pages send, and what is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relight.catalog.customer import Customer
from relight.detect.edge.tally import OWN, Counts, Drained, Reporter, Tally

ACME = Customer(key="acme", name="Acme", sites=("acme.example",))
KEY, OTHER = b"a" * 20, b"b" * 20


@pytest.fixture
def tally() -> Tally:
    tally = Tally(b"secret")
    tally.declare(
        {
            KEY: Reporter(service="widget", customer=ACME),
            OTHER: Reporter(service="widget", slow_ms=1000),
        }
    )
    return tally


def test_each_figure(tally: Tally):
    for text in (b"&o=1&t=812", b"&o=1&t=3000", b"&o=0&t=5000&m=not+loaded", b"&e=1", b"&a=1"):
        assert tally.take(b"k=" + KEY + text, "", b"")
    assert tally.drain() == Drained(
        (
            Counts(
                service="widget",
                site="acme",
                loads=3,
                failed=1,
                slow=1,
                errors=1,
                api_failed=1,
                visitors=1,
            ),
        ),
        (("widget", "not loaded", 1),),
    )
    assert tally.drain() == Drained((), ())


def test_a_service_of_its_own_has_a_site_of_its_own(tally: Tally):
    tally.take(b"k=" + OTHER + b"&o=1&t=1000", "", b"")
    assert tally.drain().counts == (Counts(service="widget", site=OWN, loads=1, slow=1),)


@pytest.mark.parametrize(
    ("text", "origin", "why"),
    [
        (b"k=" + b"c" * 20 + b"&o=1&t=1", b"", "unknown"),
        (b"k=" + KEY + b"&o=2&t=1", b"", "unreadable"),
        (b"k=" + KEY + b"&o=1&t=-1", b"", "unreadable"),
        (b"", b"", "unreadable"),
        (b"k=" + KEY + b"&o=1&t=1", b"https://elsewhere.example", "foreign"),
        (b"k=" + KEY + b"&o=1&t=1", b"https://notacme.example", "foreign"),
        (b"k=" + KEY + b"&o=1&t=1", b"https://[::1", "foreign"),
        (b"k=" + KEY + b"&o=1&t=1", b"\xff", "foreign"),
    ],
)
def test_what_is_left_out_is_counted_by_reason(tally: Tally, text: bytes, origin: bytes, why: str):
    assert not tally.take(text, "192.0.2.1", origin)
    assert tally.left_out == {why: 1}
    assert tally.drain().counts == ()


@pytest.mark.parametrize(
    "origin", [b"https://acme.example", b"http://www.acme.example:8080/a/page", b"null", b""]
)
def test_a_site_of_theirs_and_one_that_does_not_say(tally: Tally, origin: bytes):
    assert tally.take(b"k=" + KEY + b"&o=1&t=1", "", origin)


def test_one_visitor_is_not_ten(tally: Tally):
    fails = b"k=" + KEY + b"&o=0&t=1"
    for _ in range(10):
        tally.take(fails, "192.0.2.1", b"")
    tally.take(fails, "192.0.2.2", b"")
    (counts,) = tally.drain().counts
    assert (counts.failed, counts.visitors) == (7, 2)
    assert tally.left_out == {"repeated": 4}
    tally.turn()
    tally.take(fails, "192.0.2.1", b"")
    assert tally.drain().counts[0].visitors == 0, "the same one as ten seconds before"
    tally.forget(b"another")
    tally.take(fails, "192.0.2.1", b"")
    assert tally.drain().counts[0].visitors == 1


def test_a_flood_of_one_site_leaves_the_others_alone(tally: Tally):
    for _ in range(20_100):
        tally.take(b"k=" + KEY + b"&o=1&t=1", "", b"")
    assert tally.take(b"k=" + OTHER + b"&o=1&t=1", "", b"")
    counts = {each.site: each.loads for each in tally.drain().counts}
    assert counts == {"acme": 20_000, OWN: 1}
    assert tally.left_out == {"crowded": 100}


def test_reasons_are_few_and_tell_nothing_of_anyone(tally: Tally):
    for n in range(100):
        tally.take(b"k=" + KEY + b"&e=1&m=Cannot+read+order+%d" % (4_000_000 + n), "", b"")
        tally.take(b"k=" + KEY + b"&e=1&m=kind." + b"x" * (n % 60), "", b"")
    reasons = tally.drain().reasons
    assert len(reasons) == 20
    assert ("widget", "Cannot read order #", 100) in reasons


def test_what_was_counted_outlives_a_new_kit(tally: Tally):
    tally.take(b"k=" + KEY + b"&o=1&t=1", "", b"")
    tally.declare({OTHER: Reporter(service="widget")})
    assert not tally.take(b"k=" + KEY + b"&o=1&t=1", "", b"")
    assert sum(each.loads for each in tally.drain().counts) == 1


@given(st.binary(max_size=600), st.binary(max_size=100))
def test_nothing_that_comes_breaks_it(text: bytes, origin: bytes):
    tally = Tally(b"secret")
    tally.declare({KEY: Reporter(service="widget", customer=ACME)})
    tally.take(text, "192.0.2.1", origin)
    tally.take(b"k=" + KEY + b"&o=1&t=1", "192.0.2.1", origin)
    tally.drain()
