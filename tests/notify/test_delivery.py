"""When a failed delivery is tried again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from relight.kernel.plug import Permanent, Transient
from relight.notify.delivery import LONGEST_WAIT_S, MOST_ATTEMPTS, GiveUp, Retry, next_attempt

NOW = datetime(2026, 1, 5, 8, 15, tzinfo=UTC)
BUSY = Transient("hooks.example.org answered 503.")


def wait_s(attempt: int, failure: Transient = BUSY) -> float:
    decided = next_attempt(attempt, failure, NOW)
    assert isinstance(decided, Retry)
    return (decided.at - NOW).total_seconds()


def test_the_first_retries_are_quick() -> None:
    assert [wait_s(attempt) for attempt in range(1, 7)] == [5, 15, 30, 60, 120, 120]


def test_the_reason_says_what_happened_and_when_it_goes_on() -> None:
    decided = next_attempt(1, BUSY, NOW)
    assert decided == Retry(
        NOW + timedelta(seconds=5), "hooks.example.org answered 503. Again in 5 s."
    )


def test_a_wait_that_was_asked_for_is_kept_within_a_bound() -> None:
    assert wait_s(1, Transient("busy", retry_after_s=90)) == 90
    assert wait_s(1, Transient("busy", retry_after_s=1)) == 5
    assert wait_s(1, Transient("busy", retry_after_s=1e9)) == LONGEST_WAIT_S


def test_it_never_ends_without_a_reason() -> None:
    assert next_attempt(1, Permanent("No such address."), NOW) == GiveUp("No such address.")
    last = next_attempt(MOST_ATTEMPTS, BUSY, NOW)
    assert last == GiveUp(
        f"Not delivered in {MOST_ATTEMPTS} attempts. The last one: hooks.example.org answered 503."
    )


@given(st.integers(1, MOST_ATTEMPTS - 1), st.none() | st.floats(0, 1e12))
def test_every_retry_lies_ahead(attempt: int, asked_s: float | None) -> None:
    assert 5 <= wait_s(attempt, Transient("busy", retry_after_s=asked_s)) <= LONGEST_WAIT_S
