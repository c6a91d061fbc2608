"""A run as OpenTelemetry's spans in OTLP's JSON, for a viewer of traces. Pure.

https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding (read 2026-12-01): ids are hexadecimal, 64-bit numbers
are texts, names are in lowerCamelCase.

A request is a span of the API, an invocation a span of its function, below the request whose trace it has. Lines that
a function wrote are its span's events. What the run does not show, such as the time in a queue, is no span.
"""

import hashlib
import json
from typing import Any

from catalogue.patterns.runs.document import Invocation, Log, Request, Run

_SERVER, _INTERNAL = 2, 1
_OK, _ERROR = 1, 2
_NANOSECONDS = 1_000_000
"""In a millisecond."""

type Json = dict[str, Any]


def otlp_text(run: Run) -> str:
    return json.dumps(otlp(run), ensure_ascii=False, indent=2) + "\n"


def otlp(run: Run) -> Json:
    """`{"resourceSpans": […]}`: one resource for the API, one for each function."""
    spans: dict[str, list[Json]] = {}
    requests = {event.trace: event for event in run.events if isinstance(event, Request)}
    logs = [event for event in run.events if isinstance(event, Log)]
    for number, event in enumerate(run.events):
        if isinstance(event, Request):
            spans.setdefault("api", []).append(_request(run, event, number))
        elif isinstance(event, Invocation):
            spans.setdefault(event.function, []).append(_invocation(run, event, number, requests, logs))
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": name, "service.namespace": run.pattern})},
                "scopeSpans": [{"scope": {"name": "serverless-patterns"}, "spans": found}],
            }
            for name, found in spans.items()
        ]
    }


def _request(run: Run, event: Request, number: int) -> Json:
    return _span(
        run,
        _trace(run, event.trace, number),
        _span_id(run, event.trace),
        f"{event.method} {event.path.partition('?')[0]}",
        _SERVER,
        event.at,
        event.ms,
        failed=event.status >= 500,
        attributes={
            "http.request.method": event.method,
            "url.path": event.path,
            "http.response.status_code": event.status,
            "aws.xray.trace_id": event.trace,
        },
    )


def _invocation(run: Run, event: Invocation, number: int, requests: dict[str, Request], logs: list[Log]) -> Json:
    own = [log for log in logs if log.function == event.function and event.at <= log.at <= event.at + event.ms]
    trace = event.trace or next((log.trace for log in own if log.trace), None)
    span = _span(
        run,
        _trace(run, trace, number),
        _span_id(run, str(number)),
        event.function,
        _INTERNAL,
        event.at,
        event.ms,
        failed=event.error,
        attributes={
            "faas.name": event.function,
            "faas.coldstart": event.cold,
            "faas.max_memory": event.memory_mb * 1024 * 1024,
            "aws.lambda.billed_duration_ms": event.billed_ms,
        },
    )
    span["events"] = [_event(run, log) for log in own if trace is None or log.trace in (None, trace)]
    if trace in requests:
        span["parentSpanId"] = _span_id(run, str(trace))
    return span


def _event(run: Run, log: Log) -> Json:
    fields = {
        name: value if isinstance(value, (str, int, float, bool)) else json.dumps(value)
        for name, value in log.fields.items()
    }
    return {
        "timeUnixNano": _time(run, log.at),
        "name": log.step or "log",
        "attributes": _attributes(fields | ({"text": log.text} if log.text else {})),
    }


def _span(
    run: Run,
    trace: str,
    id: str,
    name: str,
    kind: int,
    at: float,
    ms: float,
    *,
    failed: bool,
    attributes: dict[str, str | int | float | bool],
) -> Json:
    return {
        "traceId": trace,
        "spanId": id,
        "name": name,
        "kind": kind,
        "startTimeUnixNano": _time(run, at),
        "endTimeUnixNano": _time(run, at + ms),
        "attributes": _attributes(attributes),
        "status": {"code": _ERROR if failed else _OK},
    }


def _attributes(values: dict[str, Any]) -> list[Json]:
    return [{"key": name, "value": _value(value)} for name, value in values.items()]


def _value(value: str | int | float | bool) -> Json:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
    return {"stringValue": value}


def _time(run: Run, ms: float) -> str:
    """Nanoseconds since 1970."""
    start = int(run.recorded_at.timestamp() * 1000) * _NANOSECONDS
    return str(start + round(ms * _NANOSECONDS))


def _trace(run: Run, trace: str | None, number: int) -> str:
    """X-Ray's `1-65f1c2d3-…` without its version and hyphens; what has no trace gets one of its own."""
    hexadecimal = (trace or "").removeprefix("1-").replace("-", "")
    if len(hexadecimal) == 32 and all(sign in "0123456789abcdef" for sign in hexadecimal) and int(hexadecimal, 16):
        return hexadecimal
    return _digest(run, "trace", trace or str(number))[:32]


def _span_id(run: Run, of: str) -> str:
    return _digest(run, "span", of)[:16]


def _digest(run: Run, kind: str, of: str) -> str:
    return hashlib.sha256(f"{run.run_hash} {kind} {of}".encode()).hexdigest()
