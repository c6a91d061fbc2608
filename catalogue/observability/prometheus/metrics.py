"""What the site's processes count, as Prometheus metrics (https://prometheus.io/docs/concepts/metric_types/).

Label values are few and fixed: nothing that a stranger sends becomes one. What stands in the database is counted when
it is asked for (`catalogue.observability.prometheus.collectors`).
"""

from functools import cache

from catalogue.observability.prometheus import metric_files
from catalogue.observability.requests.kinds import status_label

metric_files.reserve()

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: E402  (its files come first)

REGISTRY = CollectorRegistry()
"""This process's own; `exposition` adds the other processes'."""

_REQUEST_BUCKETS = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DEPLOY_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 180.0, 600.0)

requests_total = Counter(
    "patterns_requests",
    "Answers by kind of address and status. `kept` are pages answered ahead of Django.",
    ("kind", "status"),
    registry=REGISTRY,
)
request_seconds = Histogram(
    "patterns_request_seconds",
    "Seconds from a request's head to the beginning of its answer, by kind of address. Kept pages are not timed.",
    ("kind",),
    buckets=_REQUEST_BUCKETS,
    registry=REGISTRY,
)
requests_under_way = Gauge(
    "patterns_requests_under_way",
    "Requests that are being answered, event streams included.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
lab_deploy_seconds = Histogram(
    "patterns_lab_deploy_seconds",
    "Seconds from the request for a lab until it is ready or has failed.",
    ("outcome",),
    buckets=_DEPLOY_BUCKETS,
    registry=REGISTRY,
)
limits_hit_total = Counter(
    "patterns_limits_hit", "Refusals because a limit was reached, by limit.", ("limit",), registry=REGISTRY
)
front_events_total = Counter(
    "patterns_front_events",
    "Requests refused and connections closed before an application saw them, by kind.",
    ("event",),
    registry=REGISTRY,
)
mail_attempts_total = Counter(
    "patterns_mail_attempts", "Attempts to deliver a mail, by result.", ("outcome",), registry=REGISTRY
)
log_records_total = Counter(
    "patterns_log_records", "Records of level warning and above, by level.", ("level",), registry=REGISTRY
)
streams = Gauge("patterns_streams", "Pages that are watching a lab.", registry=REGISTRY, multiprocess_mode="livesum")
recorder_backlog = Gauge(
    "patterns_recorder_backlog",
    "Calls of labs waiting to be written to the database.",
    registry=REGISTRY,
    multiprocess_mode="livesum",
)
recorder_dropped_total = Counter(
    "patterns_recorder_dropped", "Calls of labs that were not recorded because too many waited.", registry=REGISTRY
)
event_loop_lag_seconds = Gauge(
    "patterns_event_loop_lag_seconds",
    "Last timer delay of the slowest web process.",
    registry=REGISTRY,
    multiprocess_mode="livemax",
)
process_resident_bytes = Gauge(
    "patterns_process_resident_bytes",
    "Resident memory of each process.",
    ("part",),
    registry=REGISTRY,
    multiprocess_mode="liveall",
)
process_open_fds = Gauge(
    "patterns_process_open_fds",
    "Open file descriptors of each process.",
    ("part",),
    registry=REGISTRY,
    multiprocess_mode="liveall",
)
process_max_fds = Gauge(
    "patterns_process_max_fds",
    "Most file descriptors that each process may have open.",
    ("part",),
    registry=REGISTRY,
    multiprocess_mode="liveall",
)

LIMITS = (
    "labs_per_visitor",
    "labs_per_address",
    "labs_per_machine",
    "lab_starts_per_hour",
    "lab_requests_per_second",
    "lab_requests_at_once",
    "lab_request_bytes",
    "sockets_per_lab",
    "sockets_per_address",
    "sockets",
    "socket_message_bytes",
    "streams_per_lab",
    "streams",
    "subscribes_per_hour",
    "drawings_per_hour",
    "drawings_at_once",
    "mcp_per_minute",
    "other",
)


def limit_hit(limit: str) -> None:
    """Count one refusal. `limit` is one of LIMITS; any other name counts as `other`."""
    limits_hit_total.labels(limit if limit in LIMITS else "other").inc()


def request_answered(kind: str, status: int, seconds: float | None) -> None:
    """Count one answer; `seconds` is None where no time was taken."""
    _answers(kind, status_label(status)).inc()
    if seconds is not None:
        _times(kind).observe(seconds)


@cache
def _answers(kind: str, status: str) -> Counter:
    return requests_total.labels(kind, status)


@cache
def _times(kind: str) -> Histogram:
    return request_seconds.labels(kind)
