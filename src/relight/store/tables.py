"""The tables of `state.db`, the same on both engines. Times are microseconds since 1970, UTC."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ID = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, stored so that it sorts and compares alike on both engines."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Write microseconds; a naive time is refused."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "only aware times are stored"
            raise ValueError(msg)
        return (value - _EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Read an aware UTC time."""
        del dialect
        return None if value is None else _EPOCH + timedelta(microseconds=value)


# Names that a later migration can call a constraint by, the same on both engines.
metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

instance = Table(
    "instance",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

stream = Table(
    "stream",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("name", Text),
    Column("open_key", Text),
    Column("live", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("kind", "name"),
    UniqueConstraint("kind", "open_key"),
    Index(None, "kind", "created_at"),
)

entry = Table(
    "entry",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("occurred_at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

command = Table(
    "command",
    metadata,
    Column("id", Text, primary_key=True),
    Column("stream", Text, nullable=False),
    Column("first_seq", BigInteger, nullable=False),
    Column("end_seq", BigInteger, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)

due = Table(
    "due",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("due_at", Moment, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("payload", LargeBinary, nullable=False),
    Column("lease_until", Moment),
    Column("token", Text),
    Column("again_at", Moment),
    UniqueConstraint("kind", "key"),
)

counter = Table(
    "counter",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

check_state = Table(
    "check_state",
    metadata,
    Column("check", Text, primary_key=True),
    Column("state", LargeBinary, nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("open_key", Text),
    Column("service", Text, nullable=False),
    Column("opened_at", Moment, nullable=False, index=True),
    Column("cleared_at", Moment),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("source", "open_key"),
)

silence = Table(
    "silence",
    metadata,
    Column("name", Text, primary_key=True),
    Column("ends_at", Moment, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

token = Table(
    "token",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
)

intake_delivery = Table(
    "intake_delivery",
    metadata,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "source", "id"),
)

intake_seen = Table(
    "intake_seen",
    metadata,
    Column("source", Text, primary_key=True),
    Column("delivery", Text, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("told", LargeBinary, nullable=False),
)

change = Table(
    "change",
    metadata,
    Column("source", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("at", Moment, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)

report = Table(
    "report",
    metadata,
    Column("id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index(None, "service", "at"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("state", LargeBinary, nullable=False),
    Column("provisioned", LargeBinary),
)

heartbeat_ping = Table(
    "heartbeat_ping",
    metadata,
    Column("heartbeat", Text, primary_key=True),
    Column("slot", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("record", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("expires_at", Moment, nullable=False, index=True),
)

edge_count = Table(
    "edge_count",
    metadata,
    Column("span_s", Integer, primary_key=True, autoincrement=False),
    Column("at", Moment, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("site", Text, primary_key=True),
    Column("loads", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("slow", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
    Column("api_failed", BigInteger, nullable=False),
    Column("visitors", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

edge_reason = Table(
    "edge_reason",
    metadata,
    Column("service", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_at", Moment, nullable=False),
)

vantage = Table(
    "vantage",
    metadata,
    Column("name", Text, primary_key=True),
    Column("key_digest", Text, unique=True),
    Column("invite_digest", Text, unique=True),
    Column("invite_until", Moment),
    Column("joined_at", Moment),
    Column("heard_at", Moment),
    Column("version", Text, nullable=False),
    Column("skew_s", Double, nullable=False),
)

vendor = Table(
    "vendor",
    metadata,
    Column("name", Text, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)
