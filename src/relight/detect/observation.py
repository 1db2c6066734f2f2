"""What a check saw, as it is judged and stored."""

from datetime import datetime

import msgspec


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One look at one target. `check` is `service/name`, `vantage` where we stood, `at` aware UTC.

    `took_s` is seconds; `reason` is one plain sentence part; `evidence` pairs a label with a value.
    """

    check: str
    vantage: str
    at: datetime
    ok: bool
    took_s: float
    reason: str
    evidence: tuple[tuple[str, str], ...] = ()
