"""What the lab panel's templates and script need to know of a pattern's demo."""

from collections import Counter
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Demo, Lever, Operation, Request, Socket, Step
from catalogue.patterns.diagrams.lever_places import Places, places_of
from catalogue.patterns.documents.download.curl import body_text, command
from catalogue.patterns.documents.prose.markdown_ext import inline
from catalogue.patterns.services.registry import registry

register = template.Library()


@register.filter
def demo_data(pattern: Pattern) -> dict[str, Any]:
    """The demo for the page's script.

    Shape: `{"steps": [{"id", "request" or null}], "api": logical id or null, "queues": [logical ids]}`, without what a
    request has by default, and `"counters": [{"node", "label", "step"} or {"node", "label", "without", "statuses",
    "paths"}]` if the diagram has any.
    """
    steps = pattern.demo.steps if pattern.demo else ()
    resources = pattern.template.resources.values()
    apis = [resource.id for resource in resources if registry().role(resource.type) == "gateway"]
    counters = [counter.model_dump(exclude_none=True) for counter in pattern.diagram.counters]
    return {
        "steps": [{"id": step.id, "request": _plain(step.request)} for step in steps],
        "api": apis[0] if apis else None,
        "queues": [resource.id for resource in resources if registry().role(resource.type) == "queue"],
    } | ({"counters": counters} if counters else {})


def _plain(request: Request | None) -> dict[str, Any] | None:
    """A request that any HTTP client can send; None for a WebSocket, which the page neither edits nor copies."""
    return request.model_dump(by_alias=True, exclude_defaults=True) if request and request.socket is None else None


@register.filter
def action(step: Step) -> str:
    """The step in one line, as it stands beside its button: `POST /orders × 50` or `redrive DeadLetters`."""
    if step.request:
        return request_in_words(step.request)
    assert step.operation is not None
    return operation_in_words(step.operation)


def request_in_words(request: Request) -> str:
    """`POST /orders × 50`."""
    times = f" × {request.times}" if request.times > 1 else ""
    if request.socket is not None:
        return f"WebSocket {request.path}{times}{talk_in_words(request.socket)}"
    return f"{request.method} {request.path}{times}"


def talk_in_words(socket: Socket) -> str:
    """`: send 1, then POST /orders/a/status, receive 4`; empty where nothing is said."""
    parts = [f"send {len(socket.send)}"] if socket.send else []
    calls = Counter(f"{call.method} {call.path}" for call in socket.meanwhile)
    parts += [f"{call} × {count}" if count > 1 else call for call, count in calls.items()]
    parts += [f"receive {socket.receive}"] if socket.receive else []
    return f": {', '.join(parts)}" if parts else ""


@register.filter
def operation_in_words(operation: Operation) -> str:
    """`redrive DeadLetters to Orders`, `revoke permission dynamodb:PutItem on Orders from Worker`."""
    words = operation.action.replace("-", " ")
    match operation.action:
        case "revoke-permission" | "restore-permission":
            side = "from" if operation.action == "revoke-permission" else "to"
            return f"{words} {operation.name} on {operation.to} {side} {operation.resource}"
        case "send-message":
            return f"{words} to {operation.resource}"
        case "put-item":
            return f"{words} into {operation.resource}"
        case "invoke":
            return f"{words} {operation.resource}"
    name = f" {operation.name}" if operation.name else ""
    value = "" if operation.value is None else f" to {operation.value}"
    to = f" to {operation.to}" if operation.to else ""
    return f"{words} {operation.resource}{name}{to}{value}"


@register.filter
def first_call(demo: Demo, endpoint: str) -> str:
    """A call to begin with, as a curl command; a WebSocket is none.

    The first that only reads, needs nothing of earlier steps and is answered well; or else the demo's first request.
    """
    requests = [(step, step.request) for step in demo.steps if step.request and not step.request.socket]
    reading = (request for step, request in requests if _reads(request) and not step.failure and _goes_well(step))
    request = next(reading, requests[0][1] if requests else None)
    if request is None:
        return f"curl -i {endpoint}/"
    return command(request.model_copy(update={"times": 1, "at_once": 1}), endpoint)


def _reads(request: Request) -> bool:
    return request.method == "GET" and not request.headers and body_text(request) is None and "{{" not in request.path


def _goes_well(step: Step) -> bool:
    expected = step.expect
    statuses = [expected.status, *(expected.statuses or {})] if expected else []
    return all(status is None or 200 <= status < 300 for status in statuses)


@register.filter
def places(pattern: Pattern, lever: Lever) -> Places:
    """Nodes and edges of the diagram that the lever breaks."""
    return places_of(pattern, lever)


@register.filter
def has(items: Collection[str] | None, item: str) -> bool:
    """Whether `item` is among `items`."""
    return item in (items or ())


@register.filter
def pulled_titles(pattern: Pattern, pulled: Collection[str]) -> str:
    """What is broken, in the order of the board: `Close the warehouse, Break a terminal`."""
    levers = pattern.demo.levers if pattern.demo else ()
    return ", ".join(lever.title for lever in levers if lever.id in pulled)


@register.filter
@lru_cache(maxsize=4096)
def in_markdown(text: str) -> SafeString:
    """A demo's story or what to notice in a step, in the site's dialect of Markdown."""
    return mark_safe(f"<p>{inline(text)}</p>")  # noqa: S308  (the dialect lets no raw HTML through)


@register.filter
@lru_cache(maxsize=4096)
def in_line(text: str) -> SafeString:
    """The same for a few words that stand in a heading or a link."""
    return mark_safe(inline(text))  # noqa: S308  (as above)
