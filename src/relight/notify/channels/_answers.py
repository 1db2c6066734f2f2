"""What an HTTP answer of a provider means for a delivery."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from relight.kernel.plug import Permanent, Transient
from relight.kernel.ports import HttpAnswer
from relight.kernel.url import host_of

# Besides 5xx: too early, time-out, too many; they pass by themselves.
_PASSING = frozenset({408, 425, 429})


def check_taken(answer: HttpAnswer, url: str, now: datetime) -> None:
    """Return where the status says that the message was taken.

    Raises `Transient` (with the wait that was asked for) or `Permanent`. Names only the host: the
    path of such a URL is often its key.
    """
    if 200 <= answer.status < 300:
        return
    host = host_of(url)
    if answer.status in _PASSING or answer.status >= 500:
        msg = f"{host} answered {answer.status}."
        raise Transient(msg, retry_after_s=_retry_after_s(answer, now))
    if 300 <= answer.status < 400:
        msg = f"{host} answered {answer.status}, a redirect, which is not followed."
        raise Permanent(msg, hint="Write the address it redirects to.")
    msg = f"{host} refused the message with {answer.status}."
    raise Permanent(msg)


def _retry_after_s(answer: HttpAnswer, now: datetime) -> float | None:
    """Read Retry-After (RFC 9110): seconds, or a date."""
    written = answer.headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:9])
    try:
        at = parsedate_to_datetime(written)
    except ValueError:
        return None
    if at.tzinfo is None:
        return None
    return max(0.0, (at - now).total_seconds())
