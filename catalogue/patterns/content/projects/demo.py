"""A demo for a template that has none: requests for its routes, messages for its queues, faults for its functions."""

import re
from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.prover import Proven
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.schemas.pattern import Demo, Lever, Operation, Request, Step
from catalogue.patterns.services.model import Route
from catalogue.patterns.services.registry import registry

_MOST_STEPS, _MOST_LEVERS = 12, 6
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_WITH_BODY = {"POST", "PUT", "PATCH"}
_SEND, _INVOKE, _STOP, _START = "send-message", "invoke", "set-concurrency", "clear-concurrency"
_STORY = (
    "The steps below come from the template: one for each route, for each queue that something reads, and for each "
    "function that neither reaches. Press one, and watch the diagram."
)
_NO_STORY = "This template has no route, no queue that something reads and no function, so there is nothing to press."


def derived_demo(template: Template, found: Proven) -> Demo:
    """Steps in the order of the template. They expect nothing: what a stack should answer, only its author knows."""
    steps = [*_requests(found.routes), *_messages(template, found), *_invocations(template, found)][:_MOST_STEPS]
    return Demo.model_construct(
        story=_STORY if steps else _NO_STORY,
        steps=tuple(steps),
        levers=tuple(_levers(template))[:_MOST_LEVERS],
    )


def _requests(routes: tuple[Route, ...]) -> Iterator[Step]:
    seen: set[str] = set()
    for route in routes:
        method = "GET" if route.method == "ANY" else route.method
        id = f"call-{len(seen) + 1}"
        key = f"{method} {route.path}"
        if method not in _METHODS or method == "OPTIONS" or key in seen:
            continue
        seen.add(key)
        path = re.sub(r"\{[^}]*\+\}", "items/1", route.path)
        yield Step.model_construct(
            id=id,
            title=key[:60],
            notice=f"The template routes `{route.method} {route.path}` to {_target(route)}.",
            request=Request.model_validate(
                {"method": method, "path": re.sub(r"\{[^}]*\}", "1", path) or "/"}
                | ({"json": {"name": "example"}} if method in _WITH_BODY else {})
            ),
        )


def _target(route: Route) -> str:
    return f"`{route.target}`" if route.target else "something outside of the template"


def _messages(template: Template, found: Proven) -> Iterator[Step]:
    read = {arrow.source for arrow in found.arrows if arrow.kind != "redrive"}
    for number, queue in enumerate(template.of_type(*registry().operations[_SEND].types), 1):
        if queue.id in read:
            yield Step.model_construct(
                id=f"send-{number}",
                title=f"Send a message to {queue.id}"[:60],
                notice="One message with a small JSON body.",
                operation=Operation(action=_SEND, resource=queue.id, value='{"name": "example"}'),
            )


def _invocations(template: Template, found: Proven) -> Iterator[Step]:
    """For functions that no request and no message of the other steps reaches at once."""
    queues = set(registry().operations[_SEND].types)
    reached = {route.target for route in found.routes} | {
        arrow.target
        for arrow in found.arrows
        if arrow.source in template.resources and template.resources[arrow.source].type in queues
    }
    for number, function in enumerate(template.of_type(*registry().operations[_INVOKE].types), 1):
        if function.id not in reached:
            yield Step.model_construct(
                id=f"invoke-{number}",
                title=f"Invoke {function.id}"[:60],
                notice="One invocation with an empty event. What it really gets comes from its event source.",
                operation=Operation(action=_INVOKE, resource=function.id, value="{}"),
            )


def _levers(template: Template) -> Iterator[Lever]:
    stop = registry().operations[_STOP]
    for number, function in enumerate(template.of_type(*stop.types), 1):
        yield Lever.model_construct(
            id=f"stop-{number}",
            title=f"Stop {function.id}"[:60],
            notice="Its reserved concurrency becomes 0, so every invocation is throttled.",
            pull=Operation(action=_STOP, resource=function.id, value=0),
            release=Operation(action=_START, resource=function.id),
            released=f"Let {function.id} run"[:60],
        )
