"""compare.yaml against both templates: routes, resources and values of each side, its figures and claims."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.checks import demo
from catalogue.patterns.content.checks.ids import repeated
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import (
    STANDARD_FIGURES,
    Bound,
    Claim,
    Count,
    Figure,
    Reading,
    Side,
    Traffic,
)
from catalogue.patterns.content.schemas.pattern import Observe, Operation, Request
from catalogue.patterns.services.registry import registry

MOST_REQUESTS = 100
"""To each side in all: a burst that a lab's endpoint lets pass. More would measure the site's own limits."""

_BUILT_IN = demo.BUILT_IN | {"run"}
_FILES: Mapping[Side, str] = {"pattern": "template.yaml", "naive": "naive.yaml"}
type Place = tuple[str | int, ...]


def check(pattern: Pattern) -> Iterator[ContentError]:
    yield from _company(pattern)
    if pattern.compare is None or pattern.naive is None:
        return
    templates: dict[Side, Template] = {"pattern": pattern.template, "naive": pattern.naive}
    yield from _traffic(pattern, templates)
    yield from _settle(pattern, templates)
    yield from _figures(pattern, templates)
    yield from _success(pattern)
    yield from _claims(pattern)


def _wrong(pattern: Pattern, place: Place, message: str, remedy: str, id: str) -> ContentError:
    line = pattern.line("compare.yaml", *place)
    return ContentError(pattern.folder / "compare.yaml", line, message, remedy, id=id)


def _company(pattern: Pattern) -> Iterator[ContentError]:
    """compare.yaml, naive.yaml and demo.yaml stand together."""
    if pattern.compare is not None:
        for name, there in (("naive.yaml", pattern.naive), ("demo.yaml", pattern.demo)):
            if there is None:
                yield _wrong(
                    pattern,
                    (),
                    f"There is a compare.yaml, but no {name}.",
                    f"Add {name}, or delete compare.yaml.",
                    "patterns.E070",
                )
    elif pattern.naive is not None and pattern.demo is not None and not pattern.front.draft:
        yield ContentError(
            pattern.folder / "naive.yaml",
            1,
            "The pattern has a naive twin, but no compare.yaml sends both the same traffic.",
            "Add compare.yaml.",
            id="patterns.E070",
        )


def _traffic(pattern: Pattern, templates: Mapping[Side, Template]) -> Iterator[ContentError]:
    assert pattern.compare is not None
    known: set[str] = set(_BUILT_IN)
    for index, id in repeated(part.id for part in pattern.compare.traffic):
        yield _wrong(pattern, ("traffic", index, "id"), f"The id `{id}` is taken.", "Choose another.", "patterns.E072")
    sent = 0
    for index, part in enumerate(pattern.compare.traffic):
        place: Place = ("traffic", index)
        if part.request is not None:
            sent += part.request.times
            yield from _routes(pattern, place, part, part.request, templates)
            yield from _request(pattern, (*place, "request"), part.request)
            yield from _values(pattern, (*place, "request"), part.request, known)
        if part.operation is not None:
            for side, template in templates.items():
                operation: Operation | None = getattr(part.operation, side)
                if operation is not None:
                    yield from _operation(pattern, (*place, "operation", side), side, operation, template)
        yield from _saved(pattern, place, part)
        known |= part.save.keys()
    if sent > MOST_REQUESTS:
        yield _wrong(
            pattern,
            ("traffic",),
            f"The traffic is {sent} requests to each side.",
            f"Send at most {MOST_REQUESTS} in total: a lab's endpoint refuses more.",
            "patterns.E072",
        )


def _routes(
    pattern: Pattern, place: Place, part: Traffic, request: Request, templates: Mapping[Side, Template]
) -> Iterator[ContentError]:
    for side, template in templates.items():
        if part.only not in (None, side):
            continue
        answered = routes(template)
        if not request.is_elsewhere and not demo.is_answered(template, request):
            there = ", ".join(f"{route.method} {route.path}" for route in answered) or "none"
            yield _wrong(
                pattern,
                (*place, "request", "path"),
                f"`{part.id}` calls {request.method} {request.path}, for which {_FILES[side]} has no route.",
                f"The routes are: {there}. (If it is only for the other side: `only: {_other(side)}`.)",
                "patterns.E071",
            )


def _other(side: Side) -> Side:
    return "naive" if side == "pattern" else "pattern"


def _request(pattern: Pattern, place: Place, request: Request) -> Iterator[ContentError]:
    if request.at_once > request.times:
        yield _wrong(
            pattern,
            (*place, "at_once"),
            f"`at_once` is {request.at_once}, but there are only {request.times} calls.",
            "Make `times` larger or `at_once` smaller.",
            "patterns.E072",
        )


def _values(pattern: Pattern, place: Place, request: Request, known: set[str]) -> Iterator[ContentError]:
    parts: dict[str, Any] = {
        "path": request.path,
        "headers": request.headers,
        "json": request.json_body,
        "text": request.text,
        "socket": request.socket.model_dump(by_alias=True) if request.socket else None,
        "form": request.form,
    }
    for key, value in parts.items():
        for name in dict.fromkeys(demo.used(value)):
            if name not in known:
                yield _wrong(
                    pattern,
                    (*place, key),
                    f"`{{{{{name}}}}}` is not saved by an earlier part of the traffic.",
                    f"Save it in an earlier part; known here: {', '.join(sorted(known))}.",
                    "patterns.E071",
                )


def _saved(pattern: Pattern, place: Place, part: Traffic) -> Iterator[ContentError]:
    for name, source in part.save.items():
        if part.request is None:
            message, remedy = "An operation has no answer to save values from.", "Save it in a part with a request."
        elif not demo.NAME.fullmatch(name) or name in _BUILT_IN:
            message, remedy = f"`{name}` cannot be the name of a saved value.", "Use lower case and underscores."
        elif not demo.SAVED.fullmatch(source):
            message = f"`{source}` is not part of an answer."
            remedy = "Write `status`, `header.location` or `body.a.b`."
        else:
            continue
        yield _wrong(pattern, (*place, "save", name), message, remedy, "patterns.E071")


def _operation(
    pattern: Pattern, place: Place, side: Side, operation: Operation, template: Template
) -> Iterator[ContentError]:
    what = f"`{operation.action}`"
    known = demo.OPERATED[operation.action]
    yield from _resource(pattern, (*place, "resource"), side, operation.resource, known.types, what, template)
    if operation.to is not None and "to" in known.needs:
        aimed = known.to or registry().secured
        yield from _resource(pattern, (*place, "to"), side, operation.to, aimed, what, template)


def _resource(
    pattern: Pattern, place: Place, side: Side, id: str, types: tuple[str, ...], what: str, template: Template
) -> Iterator[ContentError]:
    resource = template.resources.get(id)
    if resource is not None and resource.type in types:
        return
    fitting = ", ".join(found.id for found in template.of_type(*types)) or "none"
    is_wrong = f"is of the type {resource.type}" if resource else "does not exist"
    yield _wrong(
        pattern,
        place,
        f"{what} cannot use `{id}`, which {is_wrong} in {_FILES[side]}.",
        f"Fitting resources there: {fitting}.",
        "patterns.E071",
    )


def _settle(pattern: Pattern, templates: Mapping[Side, Template]) -> Iterator[ContentError]:
    assert pattern.compare is not None
    for side, template in templates.items():
        observes: tuple[Observe, ...] = getattr(pattern.compare.settle, side)
        for index, observe in enumerate(observes):
            place: Place = ("settle", side, index)
            types = demo.OBSERVED[observe.measure].types
            what = f"The measure `{observe.measure}`"
            yield from _resource(pattern, (*place, "resource"), side, observe.resource, types, what, template)
            yield from _plain(pattern, (*place, "text"), observe.text)


def _plain(pattern: Pattern, place: Place, text: str | None) -> Iterator[ContentError]:
    for name in demo.used(text):
        yield _wrong(
            pattern,
            place,
            f"`{{{{{name}}}}}` is replaced in requests only.",
            "Write a text that does not change.",
            "patterns.E071",
        )


def _figures(pattern: Pattern, templates: Mapping[Side, Template]) -> Iterator[ContentError]:
    assert pattern.compare is not None
    ids: set[str] = set(STANDARD_FIGURES)
    for index, figure in enumerate(pattern.compare.figures):
        place: Place = ("figures", index)
        if figure.id in ids:
            message = f"The figure `{figure.id}` already exists."
            yield _wrong(pattern, (*place, "id"), message, "Choose another id.", "patterns.E072")
        ids.add(figure.id)
        yield from _figure(pattern, place, figure, templates)


def _figure(
    pattern: Pattern, place: Place, figure: Figure, templates: Mapping[Side, Template]
) -> Iterator[ContentError]:
    if figure.pattern is None and figure.naive is None:
        yield _wrong(
            pattern,
            place,
            f"The figure `{figure.id}` counts nothing on either side.",
            "Give `pattern`, `naive` or both.",
            "patterns.E072",
        )
    for side, template in templates.items():
        reading: Reading | None = getattr(figure, side)
        for key in ("count", "minus"):
            count: Count | None = getattr(reading, key, None)
            if count is not None:
                yield from _count(pattern, (*place, side, key), side, count, template)


def _count(pattern: Pattern, place: Place, side: Side, count: Count, template: Template) -> Iterator[ContentError]:
    assert pattern.compare is not None
    if count.resource is not None:
        types = demo.OBSERVED[count.measure].types
        what = f"The measure `{count.measure}`"
        yield from _resource(pattern, (*place, "resource"), side, count.resource, types, what, template)
    yield from _plain(pattern, (*place, "text"), count.text)
    for name, wanted in count.headers.items():
        yield from _plain(pattern, (*place, "headers", name), wanted)
        for message in demo.bad_patterns(wanted):
            yield _wrong(pattern, (*place, "headers", name), message, demo.RE2_REMEDY, "patterns.E072")
    asked = {part.id for part in pattern.compare.traffic if part.request is not None}
    for id in count.of:
        if id not in asked:
            yield _wrong(
                pattern,
                (*place, "of"),
                f"`{id}` is not a request of the traffic.",
                f"The requests are: {', '.join(sorted(asked))}.",
                "patterns.E072",
            )


def _success(pattern: Pattern) -> Iterator[ContentError]:
    assert pattern.compare is not None
    success = pattern.compare.success
    if success is None:
        return
    known = {figure.id for figure in pattern.compare.figures}
    for key, figure in (("figure", success.figure), ("less", success.less)):
        if figure is not None and figure not in known:
            message = f"The success names `{figure}`, which is not a figure of this comparison."
            remedy = f"The figures are: {', '.join(sorted(known))}."
            yield _wrong(pattern, ("success", key), message, remedy, "patterns.E072")


def _claims(pattern: Pattern) -> Iterator[ContentError]:
    assert pattern.compare is not None
    known = {*STANDARD_FIGURES, *(figure.id for figure in pattern.compare.figures)}
    for index, claim in enumerate(pattern.compare.claims):
        place: Place = ("claims", index)
        if claim.figure not in known:
            yield _wrong(
                pattern,
                (*place, "figure"),
                f"There is no figure `{claim.figure}`.",
                f"The figures are: {', '.join(sorted(known))}.",
                "patterns.E072",
            )
        if not _says_something(claim):
            yield _wrong(
                pattern,
                place,
                f"The claim on `{claim.figure}` has no bound.",
                "Give a bound for `pattern` or `naive`, or `smaller: pattern`.",
                "patterns.E072",
            )


def _says_something(claim: Claim) -> bool:
    bounds = [bound for bound in (claim.pattern, claim.naive) if bound is not None]
    return all(bound != Bound() for bound in bounds) and bool(bounds or claim.smaller)
