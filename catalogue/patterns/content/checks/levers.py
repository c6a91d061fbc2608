"""The levers of demo.yaml: real operations on fitting resources, each with its true inverse, and something to see."""

from collections.abc import Iterator
from typing import Any

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.content.checks import demo
from catalogue.patterns.content.checks.ids import repeated
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Lever, Operation, Step, Trial
from catalogue.patterns.services.registry import registry

type Place = tuple[str | int, ...]


def check(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.demo is None:
        return
    steps = [step.id for step in pattern.demo.steps]
    for index, id in repeated((lever.id for lever in pattern.demo.levers), steps):
        message = f"The lever id `{id}` is taken."
        yield _wrong(pattern, ("levers", index, "id"), message, "Choose one that no step or other lever uses.")
    for index, lever in enumerate(pattern.demo.levers):
        place: Place = ("levers", index)
        yield from _operations(pattern, place, lever)
        yield from _trial(pattern, place, lever, "shows")
        yield from _trial(pattern, place, lever, "restored")


def _wrong(pattern: Pattern, place: Place, message: str, remedy: str) -> ContentError:
    line = pattern.line("demo.yaml", *place)
    return ContentError(pattern.folder / "demo.yaml", line, message, remedy, id="patterns.E035")


def _as_levers(mistakes: Iterator[ContentError]) -> Iterator[ContentError]:
    """What the checks of steps find, under the levers' own id but for resources."""
    for mistake in mistakes:
        id = mistake.id if mistake.id == "patterns.E032" else "patterns.E035"
        yield ContentError(mistake.file, mistake.line, mistake.message, mistake.remedy, id=id)


def _operations(pattern: Pattern, place: Place, lever: Lever) -> Iterator[ContentError]:
    found = list(_as_levers(demo.operation_mistakes(pattern, (*place, "pull"), lever.pull)))
    if lever.release is not None:
        found += _as_levers(demo.operation_mistakes(pattern, (*place, "release"), lever.release))
    yield from found
    for name, operation in (("pull", lever.pull), ("release", lever.release)):
        value = operation.value if operation else None
        yield from _unknown(pattern, (*place, name, "value"), lever, value, demo.OPERATIONS_KNOW)
    if not found:
        yield from _inverse(pattern, place, lever)


def _inverse(pattern: Pattern, place: Place, lever: Lever) -> Iterator[ContentError]:
    """That `release` puts back what `pull` changed; both fit the template by themselves."""
    pull, release = lever.pull, lever.release
    if registry().operations[pull.action].once:
        if release is not None:
            yield _wrong(
                pattern,
                (*place, "release"),
                f"Nothing undoes `{pull.action}`.",
                "Remove `release`, `released` and `restored`.",
            )
        return
    wanted = inverse(pattern, pull)
    if wanted is None:
        yield _wrong(
            pattern,
            (*place, "pull"),
            f"The value that undoes `{pull.action}` here is not in template.yaml.",
            "Write the value into the template, or make it the opposite lever.",
        )
    elif release is None:
        yield _wrong(
            pattern,
            (*place, "pull"),
            f"`{pull.action}` can be undone, but the lever has no `release`.",
            f"Add `release: {_written(wanted)}` and `released`.",
        )
    elif _plain(release) != _plain(wanted):
        yield _wrong(
            pattern,
            (*place, "release"),
            f"`release` does not undo `pull`: {_written(release)}.",
            f"Write `release: {_written(wanted)}`.",
        )


def inverse(pattern: Pattern, pull: Operation) -> Operation | None:
    """The operation that makes the stack what its template says again; None if the template does not say it."""
    known = registry().operations[pull.action]
    if known.undone_by:
        return pull.model_copy(update={"action": known.undone_by})
    if known.original is None:
        return None
    own = known.original(pattern.template.resources[pull.resource], pull.name)
    if own is None and known.without_original:
        return pull.model_copy(update={"action": known.without_original, "value": None})
    return pull.model_copy(update={"value": own}) if isinstance(own, (str, int)) else None


def _plain(operation: Operation) -> dict[str, Any]:
    """For comparing: where the value is a text, `value: 2` and `value: "2"` are the same."""
    fields = operation.model_dump(exclude_none=True)
    return fields | {"value": str(fields["value"])} if registry().operations[operation.action].text else fields


def _written(operation: Operation) -> str:
    fields = operation.model_dump(exclude_none=True)
    return "{" + ", ".join(f"{key}: {_scalar(value)}" for key, value in fields.items()) + "}"


def _scalar(value: str | int) -> str:
    return str(value) if isinstance(value, int) or value.replace("-", "").isalpha() else f'"{value}"'


def _trial(pattern: Pattern, place: Place, lever: Lever, name: str) -> Iterator[ContentError]:
    trial: Trial = getattr(lever, name)
    at: Place = (*place, name)
    if name == "restored" and lever.release is None:
        if "restored" in lever.model_fields_set:
            yield _wrong(
                pattern,
                at,
                f"The lever `{lever.id}` cannot be released, so there is nothing to check.",
                "Leave `restored` out.",
            )
        return
    if not _claims(trial):
        line: Place = at if name in lever.model_fields_set else place
        state = "pulled" if name == "shows" else "released"
        yield _wrong(
            pattern,
            line,
            f"The lever `{lever.id}` asserts nothing for when it is {state}.",
            f"State in `{name}` what must be observed: a request with `expect`, or `observe`.",
        )
    step = Step.model_construct(
        trial.model_fields_set,
        id=lever.id,
        title=lever.title,
        notice=lever.notice,
        request=trial.request,
        operation=None,
        expect=trial.expect,
        observe=trial.observe,
        save={},
    )
    if trial.request is not None:
        yield from _route(pattern, at, lever, trial)
        yield from _as_levers(demo.request_mistakes(pattern, (*at, "request"), trial.request))
    yield from _as_levers(demo.expectation_mistakes(pattern, at, step))
    yield from _as_levers(demo.observation_mistakes(pattern, at, step))
    if trial.request is not None:
        for key, name_in_file in (
            ("path", "path"),
            ("headers", "headers"),
            ("json_body", "json"),
            ("text", "text"),
            ("form", "form"),
        ):
            sent = getattr(trial.request, key)
            yield from _unknown(pattern, (*at, "request", name_in_file), lever, sent, demo.BUILT_IN)
    yield from _unknown(pattern, (*at, "expect"), lever, [trial.expect.headers, trial.expect.body], frozenset())
    yield from _unknown(pattern, (*at, "observe"), lever, [each.text for each in trial.observe], frozenset())


def _claims(trial: Trial) -> bool:
    expect = trial.expect
    answered = expect.status is not None or expect.statuses is not None or expect.headers or expect.body is not None
    return bool(trial.observe) or (trial.request is not None and bool(answered))


def _route(pattern: Pattern, place: Place, lever: Lever, trial: Trial) -> Iterator[ContentError]:
    request = trial.request
    assert request is not None
    answered = routes(pattern.template)
    if demo.is_answered(pattern.template, request):
        return
    known = ", ".join(f"{route.method} {route.path}" for route in answered) or "none"
    yield _wrong(
        pattern,
        (*place, "request", "path"),
        f"The lever `{lever.id}` calls {request.method} {request.path}, for which template.yaml has no route.",
        f"The routes are: {known}.",
    )


def _unknown(pattern: Pattern, place: Place, lever: Lever, value: Any, known: frozenset[str]) -> Iterator[ContentError]:
    for name in dict.fromkeys(demo.used(value)):
        if name not in known:
            yield _wrong(
                pattern,
                place,
                f"The lever `{lever.id}` uses `{{{{{name}}}}}`, but a lever has no values saved by steps.",
                f"Write the value itself. Known here: {', '.join(sorted(known)) or 'nothing'}.",
            )
