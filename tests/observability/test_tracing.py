"""Spans as a real OTLP receiver gets them, and that they hold nothing personal."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery
from catalogue.newsletter.subscribers import tokens
from catalogue.observability.asgi import observed
from catalogue.observability.exporters import tracing
from catalogue.observability.requests.request_context import RequestContext, bound
from tests.newsletter.support.helpers import subscribe
from tests.observability.asgi_client import call, scope_of
from tests.observability.receivers import Received, receiver

ROOT_ID = "1-58406520-a006649127e371903a2de979"


@pytest.fixture
def collector(settings: Settings) -> Iterator[Received]:
    with receiver() as received:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://127.0.0.1:{received.port}"
        tracing.forget()
        yield received
        tracing.forget()


def attributes(span: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in span.attributes}


async def app(scope: Any, receive: Any, send: Any) -> None:
    given = dict(scope["headers"]).get(b"x-amzn-trace-id", b"")
    with tracing.span("call the lab", "client", lab="abc"):
        pass
    await send({"type": "http.response.start", "status": 201, "headers": [], "trailers": False})
    await send({"type": "http.response.body", "body": given, "more_body": False})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    with tracing.span("deploy a lab"):
        raise ValueError("for ada@example.com")


async def test_a_request_and_what_it_calls_are_one_trace(collector: Received) -> None:
    answer = await call(observed(app), scope_of("/live/abc/things", query=b"email=ada@example.com"))
    tracing.flush()
    inner, outer = collector.spans()
    assert (inner.name, outer.name) == ("call the lab", "GET live")
    assert inner.parent_span_id == outer.span_id
    assert inner.trace_id == outer.trace_id
    found = attributes(outer)
    assert found["http.response.status_code"] == 201
    assert found["url.path"] == "/live/abc/things"
    assert found["request_id"] == answer.headers["x-request-id"]
    digits = outer.trace_id.hex()
    assert answer.body.decode() == f"Root=1-{digits[:8]}-{digits[8:]}"  # which the edge passes on to the lab


async def test_a_callers_trace_id_is_the_traces(collector: Received) -> None:
    headers = {"x-amzn-trace-id": f"Root={ROOT_ID};Sampled=1"}
    answer = await call(observed(app), scope_of("/live/abc/", headers=headers))
    tracing.flush()
    assert {span.trace_id.hex() for span in collector.spans()} == {ROOT_ID[2:].replace("-", "")}
    assert answer.body.decode() == headers["x-amzn-trace-id"]


async def test_a_failure_is_marked_and_scrubbed(collector: Received) -> None:
    answer = await call(observed(broken), scope_of(f"/newsletter/confirm/{tokens.preferences_token(uuid.uuid4())}"))
    tracing.flush()
    assert answer.status == 500
    inner, outer = collector.spans()
    assert inner.status.code == outer.status.code == 2  # STATUS_CODE_ERROR
    assert inner.events[0].name == "exception"
    assert {pair.value.string_value for pair in inner.events[0].attributes} == {"ValueError", "for …@example.com"}
    assert attributes(outer)["url.path"] == "/newsletter/confirm/…"


@pytest.mark.django_db
def test_a_mails_span_names_the_request_that_queued_it(collector: Received, client: Any) -> None:
    with bound(RequestContext("request-one")):
        subscribe(client, "ada@example.com")
    assert sender.send_due().sent == 1
    tracing.flush()
    (span,) = collector.spans()
    assert span.name == "send a mail"
    assert attributes(span) == {"mail.kind": "confirmation", "outcome": "sent", "request_id": "request-one"}
    assert Delivery.objects.get().request_id == "request-one"


async def test_no_span_holds_personal_data(collector: Received) -> None:
    token = tokens.preferences_token(uuid.uuid4())
    headers = {"cookie": "sessionid=secret", "authorization": "Bearer secret", "user-agent": "ada@example.com"}
    await call(observed(app), scope_of(f"/newsletter/preferences/{token}", query=b"q=ada@example.com", headers=headers))
    tracing.flush()
    sent = b"".join(body for _, body in collector.posts)
    assert b"GET newsletter" in sent
    for private in (token.encode(), b"ada", b"secret", b"sessionid"):
        assert private not in sent


async def test_without_the_setting_nothing_is_made(settings: Settings) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = ""
    answer = await call(observed(app), scope_of("/live/abc/"))
    assert answer.body == b""
    assert tracing._provider is None
    assert json.dumps(tracing.xray_id(tracing.Span())) == '""'
