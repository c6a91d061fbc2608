"""demo.yaml against the template: routes, resources and types, saved values, fields that fit together."""

import re
from collections.abc import Iterator, Set
from typing import Any

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.checks.ids import repeated
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Operation, Request, Step
from catalogue.patterns.content.text_patterns import MARK, BadPattern, require_pattern
from catalogue.patterns.services.model import Route
from catalogue.patterns.services.registry import registry

BUILT_IN = frozenset({"uuid", "n", "now"})
OPERATIONS_KNOW = frozenset({"uuid", "now"})
"""What the value of an operation may name: it knows nothing of a visitor's."""
OBSERVED = registry().measures
OPERATED = registry().operations
_VARIABLE = re.compile(r"\{\{(.*?)\}\}")
NAME = re.compile(r"[a-z][a-z0-9_]*")
SAVED = re.compile(r"status|body(\.[^.\s]+)*|header\.[A-Za-z0-9-]+")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SOCKETS = "SocketEndpoint"
"""The output that says where a stack's WebSocket API is."""
RE2_REMEDY = "Write it in RE2's syntax: no lookaround, no backreference, no repeat over 1000."
type Place = tuple[str | int, ...]


def check(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.demo is None:
        return
    for index, id in repeated(step.id for step in pattern.demo.steps):
        message = f"The step id `{id}` is taken."
        yield _wrong(pattern, ("steps", index, "id"), message, "Choose another.", "patterns.E033")
    saved: set[str] = set()
    for index, step in enumerate(pattern.demo.steps):
        place: Place = ("steps", index)
        if step.request is not None:
            yield from _route(pattern, place, step)
            yield from socket_mistakes(pattern, (*place, "request"), step.request)
            yield from request_mistakes(pattern, (*place, "request"), step.request)
        if step.operation is not None:
            yield from operation_mistakes(pattern, (*place, "operation"), step.operation)
        yield from expectation_mistakes(pattern, place, step)
        yield from observation_mistakes(pattern, place, step)
        yield from _variables(pattern, place, step, saved)
        saved |= step.save.keys()


def _wrong(pattern: Pattern, place: Place, message: str, remedy: str, id: str) -> ContentError:
    return ContentError(pattern.folder / "demo.yaml", pattern.line("demo.yaml", *place), message, remedy, id=id)


def _route(pattern: Pattern, place: Place, step: Step) -> Iterator[ContentError]:
    request = step.request
    assert request is not None
    answered = routes(pattern.template)
    if request.is_elsewhere or request.socket is not None or is_answered(pattern.template, request):
        return
    # A demo may show on purpose what the gateway says to a path or method that it does not know.
    if step.failure and step.expect.status in {403, 404}:
        return
    known = ", ".join(f"{route.method} {route.path}" for route in answered) or "none"
    yield _wrong(
        pattern,
        (*place, "request", "path"),
        f"The step `{step.id}` calls {request.method} {request.path}, for which template.yaml has no route.",
        f"The routes are: {known}. (To demonstrate the rejection, set `failure: true` and expect 403 or 404.)",
        "patterns.E030",
    )


def matches(route: Route, method: str, path: str) -> bool:
    """Whether API Gateway would take this call by this route; `{{name}}` stands for one path segment."""
    if route.method not in {method, "ANY"}:
        return False
    wanted = [part for part in route.path.split("/") if part]
    given = [part for part in path.partition("?")[0].split("/") if part]
    for index, part in enumerate(wanted):
        if part.startswith("{") and part.endswith("+}"):
            return len(given) > index
        if index >= len(given):
            return False
        if part != given[index] and not part.startswith("{") and not _VARIABLE.fullmatch(given[index]):
            return False
    return len(wanted) == len(given)


def request_mistakes(pattern: Pattern, place: Place, request: Request) -> Iterator[ContentError]:
    if request.at_once > request.times:
        yield _wrong(
            pattern,
            (*place, "at_once"),
            f"`at_once` is {request.at_once}, but there are only {request.times} calls.",
            "Make `times` larger or `at_once` smaller.",
            "patterns.E033",
        )
    if request.method in {"GET", "HEAD"} and request.has_body:
        yield _wrong(
            pattern,
            place,
            f"A {request.method} request has no body.",
            "Remove `json`, `text` or `file`, or use another method.",
            "patterns.E033",
        )
    if re.search(r"[\s#]", _VARIABLE.sub("", request.path)):
        yield _wrong(
            pattern,
            (*place, "path"),
            "The path contains a space or `#`.",
            "Percent-encode it: `%20`, `%23`.",
            "patterns.E033",
        )
    for name in request.headers:
        if not _HEADER.fullmatch(name):
            yield _wrong(
                pattern,
                (*place, "headers", name),
                f"`{name}` is not a header name.",
                "Use letters, digits and hyphens.",
                "patterns.E033",
            )


def operation_mistakes(pattern: Pattern, place: Place, operation: Operation) -> Iterator[ContentError]:
    known = OPERATED[operation.action]
    yield from _resource(pattern, (*place, "resource"), operation.resource, known.types, f"`{operation.action}`")
    needed = set(known.needs)
    given = {key for key in ("to", "name", "value") if getattr(operation, key) is not None}
    for key in sorted(needed - given):
        yield _wrong(pattern, place, f"`{operation.action}` needs `{key}`.", f"Add `{key}:`.", "patterns.E033")
    for key in sorted(given - needed):
        yield _wrong(
            pattern,
            (*place, key),
            f"`{operation.action}` does not use `{key}`.",
            "Leave it out.",
            "patterns.E033",
        )
    if operation.to is not None and "to" in needed:
        aimed = known.to or registry().secured
        yield from _resource(pattern, (*place, "to"), operation.to, aimed, f"`{operation.action}`")
    yield from _value(pattern, place, operation)


def _value(pattern: Pattern, place: Place, operation: Operation) -> Iterator[ContentError]:
    """Bounds of numbers, as the operation's service states them."""
    bounds = OPERATED[operation.action].bounds
    if bounds is None or operation.value is None:
        return
    if not isinstance(operation.value, int) or not bounds[0] <= operation.value <= bounds[1]:
        yield _wrong(
            pattern,
            (*place, "value"),
            f"`{operation.action}` to {operation.value!r} is not possible.",
            f"Give a whole number from {bounds[0]} to {bounds[1]}.",
            "patterns.E033",
        )


def _resource(pattern: Pattern, place: Place, id: str, types: tuple[str, ...], what: str) -> Iterator[ContentError]:
    resource = pattern.template.resources.get(id)
    if resource is not None and resource.type in types:
        return
    fitting = ", ".join(found.id for found in pattern.template.of_type(*types)) or "none"
    is_wrong = f"is of the type {resource.type}" if resource else "is not in template.yaml"
    yield _wrong(
        pattern,
        place,
        f"{what} needs {registry().nouns(types)}, but `{id}` {is_wrong}.",
        f"Fitting resources of the template: {fitting}.",
        "patterns.E032",
    )


def expectation_mistakes(pattern: Pattern, place: Place, step: Step) -> Iterator[ContentError]:
    if step.request is None:
        for key in ("expect", "save"):
            if key in step.model_fields_set:
                yield _wrong(
                    pattern,
                    (*place, key),
                    f"An operation has no answer, so `{key}` cannot check one.",
                    "Remove it. Use `observe` to check the effect of an operation.",
                    "patterns.E033",
                )
        return
    yield from _pattern_mistakes(pattern, (*place, "expect"), step)
    counts = step.expect.statuses
    if counts is not None and sum(counts.values()) != step.request.times:
        yield _wrong(
            pattern,
            (*place, "expect", "statuses"),
            f"`statuses` counts {sum(counts.values())} answers, but there are {step.request.times} calls.",
            "Make them agree.",
            "patterns.E033",
        )
    if counts is not None and step.expect.status is not None:
        yield _wrong(
            pattern,
            (*place, "expect", "status"),
            "`status` and `statuses` are both set.",
            "Keep `statuses` if the answers differ. Otherwise keep `status`.",
            "patterns.E033",
        )
    for name, source in step.save.items():
        if not NAME.fullmatch(name) or name in BUILT_IN:
            yield _wrong(
                pattern,
                (*place, "save", name),
                f"`{name}` cannot be the name of a saved value.",
                f"Use lower case and underscores, but none of {', '.join(sorted(BUILT_IN))}.",
                "patterns.E033",
            )
        if not SAVED.fullmatch(source):
            yield _wrong(
                pattern,
                (*place, "save", name),
                f"`{source}` is not part of an answer.",
                "Write `status`, `header.location` or `body.a.b`.",
                "patterns.E033",
            )


def _pattern_mistakes(pattern: Pattern, place: Place, step: Step) -> Iterator[ContentError]:
    parts: list[tuple[Place, Any]] = [((*place, "headers", name), text) for name, text in step.expect.headers.items()]
    for where, part in [*parts, ((*place, "body"), step.expect.body)]:
        for message in bad_patterns(part):
            yield _wrong(pattern, where, message, RE2_REMEDY, "patterns.E036")


def bad_patterns(value: Any) -> Iterator[str]:
    """What is wrong with each `~pattern` anywhere in a value that RE2 does not take."""
    for written in _texts(value):
        if written.startswith(MARK):
            try:
                require_pattern(written)
            except BadPattern as error:
                yield f"`{written}` is not a valid pattern: {error}."


def _texts(value: Any) -> Iterator[str]:
    """The texts anywhere in a value; not the names of members, which are never patterns."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _texts(inner)


def observation_mistakes(pattern: Pattern, place: Place, step: Step) -> Iterator[ContentError]:
    for index, observed in enumerate(step.observe):
        yield from _resource(
            pattern,
            (*place, "observe", index, "resource"),
            observed.resource,
            OBSERVED[observed.measure].types,
            f"The measure `{observed.measure}`",
        )


def _variables(pattern: Pattern, place: Place, step: Step, saved: set[str]) -> Iterator[ContentError]:
    # The built-ins change with every call of a request, so nothing outside one can speak of them.
    expected: list[tuple[Place, Any]] = [((*place, "expect"), [step.expect.headers, step.expect.body])]
    sent: list[tuple[Place, Any]] = []
    if step.request is not None:
        at: Place = (*place, "request")
        sent += [
            ((*at, "path"), step.request.path),
            *(((*at, "headers", name), value) for name, value in step.request.headers.items()),
            ((*at, "json"), step.request.json_body),
            ((*at, "text"), step.request.text),
            ((*at, "form"), step.request.form),
        ]
        if step.request.socket is not None:
            sent.append(((*at, "socket"), step.request.socket.model_dump(by_alias=True)))
    # Observations begin when the answer is there: they may use what this very step saves.
    observed: list[tuple[Place, Any]] = [
        ((*place, "observe", index, "text"), each.text) for index, each in enumerate(step.observe)
    ]
    if step.operation is not None:
        yield from _unknown(pattern, step, [((*place, "operation", "value"), step.operation.value)], OPERATIONS_KNOW)
    yield from _unknown(pattern, step, sent, saved | BUILT_IN)
    yield from _unknown(pattern, step, expected, saved)
    yield from _unknown(pattern, step, observed, saved | step.save.keys())


def is_answered(template: Template, request: Request) -> bool:
    """Whether a stack of the template has a route for the request, or a WebSocket API."""
    if request.socket is not None:
        return SOCKETS in template.outputs
    return any(matches(route, request.method, request.path) for route in routes(template))


def socket_mistakes(pattern: Pattern, place: Place, request: Request) -> Iterator[ContentError]:
    """A WebSocket needs an output that says where it leads, and its calls need routes."""
    if request.socket is None:
        return
    if SOCKETS not in pattern.template.outputs:
        yield _wrong(
            pattern,
            (*place, "socket"),
            f"template.yaml has no output `{SOCKETS}`, so a lab does not know where a WebSocket leads.",
            f"Add it: `{SOCKETS}: {{Value: !Sub wss://${{Api}}.execute-api.${{AWS::Region}}.amazonaws.com/stage}}`.",
            "patterns.E030",
        )
    if request.path.partition("?")[0] != "/":
        message = f"A WebSocket API has no paths, but the path is {request.path}."
        yield _wrong(pattern, (*place, "path"), message, "Write `/`, with or without a query.", "patterns.E030")
    answered = routes(pattern.template)
    for index, call in enumerate(request.socket.meanwhile):
        if not any(matches(route, call.method, call.path) for route in answered):
            yield _wrong(
                pattern,
                (*place, "socket", "meanwhile", index, "path"),
                f"{call.method} {call.path} is called meanwhile, for which template.yaml has no route.",
                f"The routes are: {', '.join(f'{route.method} {route.path}' for route in answered) or 'none'}.",
                "patterns.E030",
            )


def _unknown(pattern: Pattern, step: Step, parts: list[tuple[Place, Any]], known: Set[str]) -> Iterator[ContentError]:
    for where, value in parts:
        for name in dict.fromkeys(used(value)):
            if name not in known:
                yield _wrong(
                    pattern,
                    where,
                    f"The step `{step.id}` uses `{{{{{name}}}}}`, which no earlier step saves.",
                    f"Save it in an earlier step (`save: {{{name}: body.…}}`); known here: "
                    f"{', '.join(sorted(known)) or 'nothing'}.",
                    "patterns.E031",
                )


def used(value: Any) -> Iterator[str]:
    """The names in double braces anywhere in a value."""
    if isinstance(value, str):
        yield from (name.strip() for name in _VARIABLE.findall(value))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from used(key)
            yield from used(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from used(inner)
