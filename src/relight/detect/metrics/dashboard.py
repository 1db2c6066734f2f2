"""The questions of the owner's dashboard and the well-known metrics that answer them.

Article 002 names them: p95 latency, error rate, request volume, database connections, scheduled
job age. The names are those of the usual client libraries and exporters.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from relight.catalog.metric import Combine, Dashboard, Tile
from relight.detect.exposition import Selector, read_selector
from relight.detect.metrics import host
from relight.detect.metrics.expression import Expression, reckon
from relight.detect.metrics.reading import History

RATE_S = 300
_DURATIONS = (
    "http_server_request_duration_seconds",
    "http_request_duration_seconds",
    "http_server_requests_seconds",
    "http_request_duration_highr_seconds",
    "starlette_request_duration_seconds",
    "flask_http_request_duration_seconds",
    "django_http_requests_latency_including_middlewares_seconds",
    "traefik_service_request_duration_seconds",
    "caddy_http_request_duration_seconds",
)
_REQUESTS = (
    "http_requests_total",
    "http_server_request_duration_seconds_count",
    "http_request_duration_seconds_count",
    "http_server_requests_seconds_count",
    "starlette_requests_total",
    "flask_http_request_total",
    "django_http_requests_total_by_method_total",
    "traefik_service_requests_total",
    "caddy_http_request_duration_seconds_count",
    "nginx_http_requests_total",
)
_STATUS_LABELS = ("code", "status", "status_code", "http_response_status_code", "http_status_code")
_ERRORS = (*_REQUESTS[:9], "django_http_responses_total_by_status_total")
_CONNECTIONS = (
    "pg_stat_activity_count",
    "pg_stat_database_numbackends",
    "mysql_global_status_threads_connected",
    "db_client_connection_count",
    "db_client_connections_usage",
    "hikaricp_connections_active",
    "pgbouncer_pools_server_active_connections",
)
_JOB_AGE = (
    "job_age_seconds",
    "queue_oldest_job_age_seconds",
    "sidekiq_queue_latency_seconds",
    "oban_queue_oldest_job_age_seconds",
    "solid_queue_oldest_job_age_seconds",
    "celery_oldest_task_age_seconds",
)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One tile: its name, what the owner asks, the unit, and what to reckon, best first.

    `threshold` is where it becomes bad, where that is known without being told.
    """

    id: str
    name: str
    asks: str
    unit: str
    tries: tuple[Expression, ...]
    threshold: float | None = None


def questions(dashboard: Dashboard) -> tuple[Question, ...]:
    """Give every question, each with the kit's own metric where it names one."""

    def own(
        tile: Tile, names: Sequence[str], make: Callable[[Selector], Expression]
    ) -> tuple[Expression, ...]:
        chosen = dashboard.metrics.get(tile)
        selectors = [read_selector(chosen)] if chosen else [read_selector(name) for name in names]
        return tuple(make(each) for each in selectors)

    errors = [f'{name}{{{label}=~"5.."}}' for name in _ERRORS for label in _STATUS_LABELS]
    return (
        Question(
            id=Tile.P95,
            name="latency (p95)",
            asks="How long do the slowest 5 % of answers take?",
            unit="s",
            tries=own(Tile.P95, _DURATIONS, lambda s: Expression(selector=s, quantile=0.95)),
            threshold=1.0,
        ),
        Question(
            id=Tile.ERRORS,
            name="errors",
            asks="How many requests fail?",
            unit="/s",
            tries=own(Tile.ERRORS, errors, _rate),
        ),
        Question(
            id=Tile.REQUESTS,
            name="requests",
            asks="How many requests come in?",
            unit="/s",
            tries=own(Tile.REQUESTS, _REQUESTS, _rate),
        ),
        Question(
            id=Tile.CONNECTIONS,
            name="database connections",
            asks="How many database connections are in use?",
            unit="",
            tries=own(Tile.CONNECTIONS, _CONNECTIONS, lambda s: Expression(selector=s)),
        ),
        Question(
            id=Tile.JOB_AGE,
            name="job age",
            asks="How long does the oldest job wait?",
            unit="s",
            tries=own(
                Tile.JOB_AGE, _JOB_AGE, lambda s: Expression(selector=s, combine=Combine.MAX)
            ),
        ),
        *(
            Question(
                id=name,
                name=name,
                asks=asks,
                unit="share",
                tries=(Expression(selector=Selector(metric), combine=Combine.MAX),),
                threshold=threshold,
            )
            for name, asks, metric, threshold in (
                ("processor", "How busy is the busiest host?", host.CPU, None),
                ("memory", "How full is memory on the fullest host?", host.MEMORY, 0.95),
                ("disk", "How full is the fullest disk?", host.DISK, 0.9),
            )
        ),
    )


def _rate(selector: Selector) -> Expression:
    return Expression(selector=selector, rate_s=RATE_S)


def curve(
    expression: Expression,
    histories: Sequence[History],
    since: datetime,
    until: datetime,
    steps: int,
) -> list[float | None]:
    """Give the figure at the end of each of so many equal steps; None where there is none."""
    step: timedelta = (until - since) / steps
    moments = (since + step * (n + 1) for n in range(steps))
    return [reckon(expression, histories, each).get(()) for each in moments]
