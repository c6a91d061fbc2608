"""A pattern for other tools: hostile labels stay labels, and OpenTelemetry's own schema reads a run's spans."""

import base64
import copy
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from google.protobuf import json_format
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.exports.block import block
from catalogue.patterns.documents.exports.drawio import drawio
from catalogue.patterns.documents.exports.mermaid import mermaid
from catalogue.patterns.documents.exports.otlp import otlp
from catalogue.patterns.runs.document import Invocation, Log, Request, Run
from tests.patterns.costs.runs import run

TRACE = "1-65f1c2d3-0123456789abcdef01234567"
HOSTILE = '<b>"x"</b> & #1; `y`'


def hostile(pattern: Pattern) -> Pattern:
    first = pattern.diagram.nodes[0]
    nodes = (first.model_copy(update={"label": HOSTILE}), *pattern.diagram.nodes[1:])
    return replace(pattern, diagram=pattern.diagram.model_copy(update={"nodes": nodes}))


def test_a_label_with_signs_of_markup_stays_a_label() -> None:
    pattern = hostile(library().get("queue-based-load-leveling"))
    text = mermaid(pattern)
    assert "#lt;b#gt;#quot;x#quot;#lt;/b#gt; #amp; #35;1; #96;y#96;" in text
    assert HOSTILE not in text
    cells = ElementTree.fromstring(drawio(pattern)).iter("mxCell")
    value = next(cell.get("value", "") for cell in cells if cell.get("id") == pattern.diagram.nodes[0].id)
    assert value.startswith("&lt;b&gt;")


def test_a_block_has_question_diagram_flow_prices_and_source() -> None:
    pattern = library().get("queue-based-load-leveling")
    text = block(pattern, "https://patterns.example")
    assert text.startswith(f"## {pattern.title}\n")
    for part in (pattern.front.question, "```mermaid\n", "\n1. ", "| Service |", "https://patterns.example/patterns/"):
        assert part in text


def read_back(document: Any) -> list[Span]:
    """Spans as OpenTelemetry's schema has them. Its JSON has ids in hexadecimal, Protobuf's own in base64."""
    as_protobuf = copy.deepcopy(document)
    for resource in as_protobuf["resourceSpans"]:
        for span in resource["scopeSpans"][0]["spans"]:
            for name in ("traceId", "spanId", "parentSpanId"):
                if name in span:
                    span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    data = json_format.ParseDict(as_protobuf, TracesData())
    return [span for resource in data.resource_spans for scope in resource.scope_spans for span in scope.spans]


def made(*events: Any) -> Run:
    return run(events)


def test_an_invocation_is_below_the_request_whose_trace_it_has_with_what_it_wrote() -> None:
    request = Request(at=10, ms=30, trace=TRACE, method="POST", path="/orders?x=1", status=202)
    invocation = Invocation(at=15, ms=20, function="Web", trace=TRACE, memory_mb=128, billed_ms=20, cold=True)
    log = Log(at=20, function="Web", trace=TRACE, step="stored", fields={"count": 2, "parts": ["a"]})
    other = Invocation(at=90, ms=5, function="Worker", memory_mb=128, billed_ms=5, error=True)
    first, second, third = read_back(otlp(made(request, invocation, log, other)))
    assert first.name == "POST /orders"
    assert first.kind == Span.SPAN_KIND_SERVER
    assert first.trace_id.hex() == "65f1c2d30123456789abcdef01234567"
    assert second.parent_span_id == first.span_id
    assert second.trace_id == first.trace_id
    assert first.start_time_unix_nano < second.start_time_unix_nano < second.end_time_unix_nano
    assert second.end_time_unix_nano - second.start_time_unix_nano == 20_000_000
    assert [event.name for event in second.events] == ["stored"]
    assert {one.key: one.value.WhichOneof("value") for one in second.events[0].attributes} == {
        "count": "int_value",
        "parts": "string_value",
    }
    assert third.trace_id not in (b"", first.trace_id)
    assert third.parent_span_id == b""
    assert third.status.code == 2


def test_every_recorded_run_has_a_span_for_each_request_and_invocation() -> None:
    for pattern in library().patterns():
        recorded = pattern.recorded
        assert recorded is not None
        spans = read_back(otlp(recorded))
        events = [event for event in recorded.events if event.kind in ("request", "invocation")]
        assert len(spans) == len(events)
        assert len({span.span_id for span in spans}) == len(spans), pattern.slug
        ids = {(span.trace_id, span.span_id) for span in spans}
        for span in spans:
            assert not span.parent_span_id or (span.trace_id, span.parent_span_id) in ids, pattern.slug


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("file", "kind", "begins"),
    [
        ("diagram.mmd", "text/vnd.mermaid; charset=utf-8", "---\ntitle: "),
        ("diagram.drawio", "application/vnd.jgraph.mxfile", "<mxfile"),
        ("block.md", "text/markdown; charset=utf-8", "## "),
        ("recorded.otlp.json", "application/json", '{\n  "resourceSpans"'),
    ],
)
def test_each_form_has_an_address_that_the_page_of_files_names(client: Any, file: str, kind: str, begins: str) -> None:
    address = f"/patterns/queue-based-load-leveling/{file}"
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert answer.text.startswith(begins)
    assert client.get(address, headers={"if-none-match": answer["ETag"]}).status_code == 304
    page = client.get("/patterns/queue-based-load-leveling/source/template.yaml").text
    assert f'href="{address}"' in page
    assert client.get(f"/patterns/no-such/{file}").status_code == 404
