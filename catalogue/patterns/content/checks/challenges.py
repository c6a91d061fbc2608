"""challenges.yaml against the demo and both templates: steps, levers, routes and resources that are there."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.checks.demo import RE2_REMEDY, bad_patterns, is_answered, used
from catalogue.patterns.content.checks.ids import repeated
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.challenges import Challenge, Goal, Play
from catalogue.patterns.content.schemas.comparison import Side
from catalogue.patterns.content.schemas.pattern import Request
from catalogue.patterns.services.registry import registry

type Place = tuple[str | int, ...]
FILE = "challenges.yaml"
_READS = ("GET", "HEAD")
_BUILT_IN = frozenset({"uuid", "n", "now"})


def check(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.challenges is None:
        return
    if pattern.demo is None:
        yield _wrong(
            pattern, (), "There is a challenges.yaml, but no demo.yaml.", "Add demo.yaml: labs need its steps."
        )
        return
    every = pattern.challenges.challenges
    for index, id in repeated(challenge.id for challenge in every):
        yield _wrong(pattern, ("challenges", index, "id"), f"The challenge id `{id}` is taken.", "Choose another.")
    for index, challenge in enumerate(every):
        yield from _challenge(pattern, ("challenges", index), challenge)


def _challenge(pattern: Pattern, place: Place, challenge: Challenge) -> Iterator[ContentError]:
    for index, goal in enumerate(challenge.goals):
        yield from _goal(pattern, (*place, "goals", index), goal)
    for name, plays in (("loses", challenge.loses), ("wins", challenge.wins)):
        for index, play in enumerate(plays):
            yield from _play(pattern, (*place, name, index), challenge, play)


def _goal(pattern: Pattern, place: Place, goal: Goal) -> Iterator[ContentError]:
    template = _template(pattern, goal.side)
    if template is None:
        yield _wrong(
            pattern, (*place, "side"), "The pattern has no naive twin.", "Leave `side` out, or add naive.yaml."
        )
        return
    if goal.measure is not None:
        resource = template.resources.get(str(goal.resource))
        types = registry().measures[goal.measure].types
        if resource is None or resource.type not in types:
            fitting = ", ".join(found.id for found in template.of_type(*types)) or "none"
            yield _wrong(
                pattern,
                (*place, "resource"),
                f"The measure `{goal.measure}` needs {registry().nouns(types)}, and `{goal.resource}` is not one.",
                f"Fitting resources of the template: {fitting}.",
            )
    if goal.request is not None:
        if goal.request.method not in _READS or goal.request.times > 1:
            message = "A goal's request is sent by each check, so it must change nothing."
            yield _wrong(
                pattern, (*place, "request"), message, "Use one GET. Let visitors send what changes something."
            )
        for message in bad_patterns(goal.expect.body):
            yield _wrong(pattern, (*place, "expect"), message, RE2_REMEDY)
        yield from _request(pattern, (*place, "request"), goal.request, goal.side, frozenset())


def _play(pattern: Pattern, place: Place, challenge: Challenge, play: Play) -> Iterator[ContentError]:
    assert pattern.demo is not None
    steps = [step.id for step in pattern.demo.steps]
    levers = {lever.id: lever for lever in pattern.demo.levers}
    if play.step is not None and play.step not in steps:
        yield _wrong(pattern, (*place, "step"), f"There is no step `{play.step}`.", f"Steps: {', '.join(steps)}.")
    if play.lever is not None:
        lever = levers.get(play.lever)
        if lever is None:
            remedy = f"Levers: {', '.join(levers) or 'none'}."
            yield _wrong(pattern, (*place, "lever"), f"There is no lever `{play.lever}`.", remedy)
        elif play.do == "release" and lever.release is None:
            yield _wrong(pattern, (*place, "do"), f"`{play.lever}` runs once.", "Pull it, and do not release it.")
    if play.request is not None:
        if play.side == "naive" and not challenge.twin:
            remedy = "Give it a goal with `side: naive`, or leave `side` out."
            yield _wrong(pattern, (*place, "side"), "The challenge does not need the twin.", remedy)
        yield from _request(pattern, (*place, "request"), play.request, play.side, _BUILT_IN)


def _request(
    pattern: Pattern, place: Place, request: Request, side: Side, known: frozenset[str]
) -> Iterator[ContentError]:
    template = _template(pattern, side)
    if template is None:
        yield _wrong(pattern, place, "The pattern has no naive twin.", "Leave `side` out, or add naive.yaml.")
        return
    answered = routes(template)
    if not request.is_elsewhere and not is_answered(template, request):
        yield _wrong(
            pattern,
            (*place, "path"),
            f"The template has no route for {request.method} {request.path}.",
            f"The routes are: {', '.join(f'{route.method} {route.path}' for route in answered) or 'none'}.",
        )
    for name in sorted(
        {
            *used(request.path),
            *used(request.headers),
            *used(request.json_body),
            *used(request.text),
            *used(request.form),
        }
    ):
        if name not in known:
            remedy = f"Names that are filled in here: {', '.join(sorted(known)) or 'none'}."
            yield _wrong(pattern, place, f"`{{{{{name}}}}}` is filled in by nothing.", remedy)


def _template(pattern: Pattern, side: Side) -> Template | None:
    return pattern.template if side == "pattern" else pattern.naive


def _wrong(pattern: Pattern, place: Place, message: str, remedy: str) -> ContentError:
    return ContentError(pattern.folder / FILE, pattern.line(FILE, *place), message, remedy, id="patterns.E037")
