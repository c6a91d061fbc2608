"""OpenTelemetry spans, sent by OTLP over HTTP to OTEL_EXPORTER_OTLP_ENDPOINT; without that setting nothing is loaded.

Trace ids begin with the time, as AWS X-Ray's do, so the trace of a lab's call has one id everywhere: OpenTelemetry's
32 hex digits are the digits of `X-Amzn-Trace-Id: Root=1-<8>-<24>`.
https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader

No span holds a query string, a header, a body or an e-mail address; paths are scrubbed.
"""

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Literal

from asgiref.typing import HTTPScope
from django.conf import settings

from catalogue.observability.logs.scrub import scrubbed, scrubbed_value
from catalogue.observability.requests.request_context import current

type Kind = Literal["internal", "server", "client", "producer", "consumer"]
_ROOT = re.compile(rb"Root=1-([0-9a-f]{8})-([0-9a-f]{24})(?:;|$)")
_HEADER = b"x-amzn-trace-id"


class Span:
    """A span, or nothing at all where tracing is off."""

    def __init__(self, real: Any = None) -> None:
        self._real = real

    def set(self, **attributes: str | int | float | bool) -> None:
        """Add attributes; `_` in a name stands for `.`."""
        if self._real is not None:
            for name, value in _scrubbed(attributes).items():
                self._real.set_attribute(name, value)

    def status(self, code: int) -> None:
        """The HTTP status that was answered."""
        if self._real is not None:
            from opentelemetry.trace import StatusCode

            self._real.set_attribute("http.response.status_code", code)
            if code >= 500:
                self._real.set_status(StatusCode.ERROR)

    def failed(self, error: BaseException) -> None:
        if self._real is not None:
            from opentelemetry.trace import StatusCode

            self._real.set_status(StatusCode.ERROR, type(error).__name__)
            described = {"exception.type": type(error).__name__, "exception.message": scrubbed(str(error))[:500]}
            self._real.add_event("exception", described)


_OFF = Span()


class _Off(AbstractContextManager[Span]):
    def __enter__(self) -> Span:
        return _OFF

    def __exit__(self, *_: object) -> None:
        return None


_off = _Off()


def span(name: str, kind: Kind = "internal", **attributes: str | int | float | bool) -> AbstractContextManager[Span]:
    """A span for the length of a block, below the one that is open. An exception marks it as failed."""
    return _off if not settings.OTEL_EXPORTER_OTLP_ENDPOINT else _open(name, kind, attributes, None)


def request(scope: HTTPScope, kind: str) -> AbstractContextManager[Span]:
    """The span of a request. A lab's call keeps its caller's X-Amzn-Trace-Id, or is given one in `scope`."""
    if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
        return _off
    return _request(scope, kind)


@contextmanager
def _request(scope: HTTPScope, kind: str) -> Iterator[Span]:
    context = current()
    attributes: dict[str, str | int | float | bool] = {
        "http_request_method": scope["method"][:16],
        "url_path": scope["path"][:300],
        "http_route": kind,
        "request_id": context.request_id,
    }
    if context.client:
        attributes["client_address"] = context.client
    parent = None
    asked = None
    if kind == "live":
        asked = next((_ROOT.search(value) for name, value in scope["headers"] if name == _HEADER), None)
        if asked is not None:
            parent = _remote(int(asked[1] + asked[2], 16))
    with _open(f"{scope['method'][:16]} {kind}", "server", attributes, parent) as opened:
        if kind == "live" and asked is None:
            others = [pair for pair in scope["headers"] if pair[0] != _HEADER]
            scope["headers"] = [*others, (_HEADER, f"Root={xray_id(opened)}".encode())]
        yield opened


def xray_id(opened: Span) -> str:
    """The trace id of a span as X-Ray writes it; empty where tracing is off."""
    if opened._real is None:
        return ""
    digits = f"{opened._real.get_span_context().trace_id:032x}"
    return f"1-{digits[:8]}-{digits[8:]}"


def _remote(trace_id: int) -> Any:
    from opentelemetry import trace

    sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
    remote = trace.SpanContext(trace_id, secrets.randbits(64) | 1, is_remote=True, trace_flags=sampled)
    return trace.set_span_in_context(trace.NonRecordingSpan(remote))


@contextmanager
def _open(name: str, kind: Kind, attributes: dict[str, Any], parent: Any) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind

    with _tracer().start_as_current_span(
        name,
        context=parent,
        kind=SpanKind[kind.upper()],
        attributes=_scrubbed(attributes),
        record_exception=False,
        set_status_on_exception=False,
    ) as real:
        opened = Span(real)
        try:
            yield opened
        except Exception as error:
            opened.failed(error)
            raise


def _scrubbed(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name if name == "request_id" else name.replace("_", "."): scrubbed_value(value)
        for name, value in attributes.items()
    }


_provider: Any = None
_lock = threading.Lock()


def _tracer() -> Any:
    """This process's tracer, made with its sending thread at the first span: not before a process forks."""
    global _provider
    if _provider is None:
        with _lock:
            if _provider is None:
                _provider = _make_provider()
    return _provider.get_tracer("catalogue")


def _make_provider() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

    class TimedIds(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return (int(time.time()) << 96) | secrets.randbits(96)

    provider = TracerProvider(
        id_generator=TimedIds(), resource=Resource.create({"service.name": "serverless-patterns"})
    )
    address = settings.OTEL_EXPORTER_OTLP_ENDPOINT.rstrip("/") + "/v1/traces"
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=address, timeout=5)))
    return provider


def flush(seconds: float = 5.0) -> None:
    """Send what is waiting to be sent."""
    if _provider is not None:
        _provider.force_flush(int(seconds * 1000))


def forget() -> None:
    """End this process's tracer: the next span makes a new one, by the settings of then."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None
