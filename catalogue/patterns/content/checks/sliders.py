"""sliders.yaml against the template: operations with a value, a range that AWS takes, and routes that are there."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.content.checks.demo import BUILT_IN, matches, operation_mistakes, used
from catalogue.patterns.content.checks.ids import repeated
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.sliders import Slider
from catalogue.patterns.content.sliding import own_value
from catalogue.patterns.services.registry import registry

type Place = tuple[str | int, ...]
FILE = "sliders.yaml"


def check(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.sliders is None:
        return
    if pattern.demo is None:
        yield _wrong(pattern, (), "There is a sliders.yaml, but no demo.yaml.", "Add demo.yaml: labs need its steps.")
        return
    every = pattern.sliders.sliders
    for index, id in repeated(slider.id for slider in every):
        yield _wrong(pattern, ("sliders", index, "id"), f"The slider id `{id}` is taken.", "Choose another.")
    for index, slider in enumerate(every):
        place: Place = ("sliders", index)
        yield from _setting(pattern, place, slider) if slider.set is not None else _traffic(pattern, place, slider)


def _setting(pattern: Pattern, place: Place, slider: Slider) -> Iterator[ContentError]:
    assert slider.set is not None
    if "value" not in registry().operations[slider.set.action].needs:
        fitting = ", ".join(name for name, known in registry().operations.items() if "value" in known.needs)
        message = f"`{slider.set.action}` takes no value."
        yield _wrong(pattern, (*place, "set", "action"), message, f"Operations that take one: {fitting}.")
        return
    found = {
        mistake.message: mistake
        for value in (slider.least, slider.most)
        for mistake in operation_mistakes(pattern, ("steps",), slider.operation(value))
    }
    for mistake in found.values():
        yield _wrong(pattern, (*place, "set"), mistake.message, mistake.remedy)
    if found:
        return
    own = own_value(pattern, slider)
    if own is None or not slider.takes(own):
        yield _wrong(
            pattern,
            place,
            f"The template's own value ({own if own is not None else 'none'}) is not one that the slider takes.",
            "Write a value into the template, and a range that has it.",
        )


def _traffic(pattern: Pattern, place: Place, slider: Slider) -> Iterator[ContentError]:
    request = slider.send
    assert request is not None
    answered = routes(pattern.template)
    if not any(matches(route, request.method, request.path) for route in answered):
        yield _wrong(
            pattern,
            (*place, "send", "path"),
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
        if name not in BUILT_IN:
            remedy = f"Names that are filled in here: {', '.join(sorted(BUILT_IN))}."
            yield _wrong(pattern, (*place, "send"), f"`{{{{{name}}}}}` is filled in by nothing.", remedy)


def _wrong(pattern: Pattern, place: Place, message: str, remedy: str) -> ContentError:
    return ContentError(pattern.folder / FILE, pattern.line(FILE, *place), message, remedy, id="patterns.E038")
