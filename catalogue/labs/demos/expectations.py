"""Compares what a step's answers and its stack are with what the demo says they must be. Pure."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.labs.demos.saved_values import require_usable
from catalogue.patterns.content.schemas.pattern import Expect, Observe
from catalogue.patterns.content.text_patterns import MARK, PLACEHOLDER, BadPattern, TextPattern, text_pattern

_SHOWN = 200
_LONGEST_PARSED = 1024 * 1024
"""Characters of a body that is read as JSON; a longer one is a text."""


@dataclass(frozen=True)
class StepAnswer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: str
    ms: float

    @property
    def parsed(self) -> Any:
        """The body as JSON where it is JSON of a sensible size and depth, else as text."""
        if len(self.body) > _LONGEST_PARSED:
            return self.body
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return self.body


@dataclass(frozen=True)
class Check:
    what: str
    """What must be, as a phrase."""
    ok: bool
    seen: str


class UnknownVariable(KeyError):
    """A `{{name}}` that no earlier step saved."""


@dataclass(frozen=True)
class Wanted:
    """What a demo expects, with saved values filled in: each text is either a pattern or a text that must be equal.

    Which of the two is decided by what the author wrote, before any value is filled in.
    """

    status: int | None = None
    statuses: Mapping[int, int] | None = None
    headers: Mapping[str, str | TextPattern] = field(default_factory=dict)
    body: Any = None
    """JSON with a TextPattern in place of each `~pattern`."""


def fill(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with every `{{name}}` in its texts replaced, at any depth. Raises UnknownVariable."""
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: _lookup(variables, found[1]), value)
    if isinstance(value, Mapping):
        return {fill(key, variables): fill(inner, variables) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [fill(inner, variables) for inner in value]
    return value


def _lookup(variables: Mapping[str, Any], name: str) -> str:
    if name not in variables:
        raise UnknownVariable(name)
    found = variables[name]
    return str(found() if callable(found) else found)


def filled(expect: Expect, variables: Mapping[str, Any]) -> Wanted:
    """What is expected, with the values that earlier steps saved. Raises UnknownVariable."""
    headers = {fill(name, variables): _wanted_text(value, variables) for name, value in expect.headers.items()}
    return Wanted(expect.status, expect.statuses, headers, _wanted_value(expect.body, variables))


def _wanted_text(written: str, variables: Mapping[str, Any]) -> str | TextPattern:
    if written.startswith(MARK):
        return text_pattern(written, lambda name: _lookup(variables, name))
    filled_in: str = fill(written, variables)
    return filled_in


def _wanted_value(written: Any, variables: Mapping[str, Any]) -> Any:
    if isinstance(written, str):
        return _wanted_text(written, variables)
    if isinstance(written, Mapping):
        return {fill(key, variables): _wanted_value(inner, variables) for key, inner in written.items()}
    if isinstance(written, Sequence):
        return [_wanted_value(inner, variables) for inner in written]
    return written


def check_answers(expect: Wanted, answers: Sequence[StepAnswer]) -> Iterator[Check]:
    """A check for each thing the demo expects; of several answers the first that fails is shown."""
    if expect.status is not None:
        wrong = next((answer.status for answer in answers if answer.status != expect.status), expect.status)
        yield Check(f"answers {expect.status}", wrong == expect.status, str(wrong))
    if expect.statuses is not None:
        seen = dict(sorted(Counter(answer.status for answer in answers).items()))
        yield Check(f"answers {_counts(expect.statuses)}", seen == expect.statuses, _counts(seen))
    for name, wanted in expect.headers.items():
        values = [answer.headers.get(name.lower()) for answer in answers]
        bad = [value for value in values if value is None or not _matches(wanted, value)]
        yield Check(f"header {name} is {_wanted(wanted)}", not bad, _shown((bad or values or [None])[0]))
    if expect.body is not None:
        bodies = [answer.parsed for answer in answers]
        wrongs = [body for body in bodies if not contains(body, expect.body)]
        yield Check(f"body holds {_wanted(expect.body)}", not wrongs, _shown((wrongs or bodies or [None])[0]))


def contains(seen: Any, wanted: Any) -> bool:
    """Whether `seen` has all that `wanted` asks for: keys of mappings at any depth, lists item by item.

    A TextPattern in `wanted` is looked for in a text, or in the JSON of anything else.
    """
    if isinstance(wanted, TextPattern):
        return _found(wanted, seen if isinstance(seen, str) else _json(seen))
    if isinstance(wanted, Mapping):
        return isinstance(seen, Mapping) and all(
            str(key) in seen and contains(seen[str(key)], value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(seen, list)
            and len(seen) == len(wanted)
            and all(contains(one, other) for one, other in zip(seen, wanted, strict=True))
        )
    return bool(type(seen) is type(wanted) and seen == wanted) or (
        _is_number(seen) and _is_number(wanted) and seen == wanted
    )


def saved_values(save: Mapping[str, str], answer: StepAnswer) -> dict[str, Any]:
    """Values for later steps, by `status`, `header.<name>` or `body.<path>` of the answer.

    Raises KeyError for what the answer does not have, BadValue for what cannot be kept.
    """
    values = {name: _value_at(where, answer) for name, where in save.items()}
    for value in values.values():
        require_usable(value)
    return values


def _value_at(where: str, answer: StepAnswer) -> Any:
    source, _, path = where.partition(".")
    if source == "status":
        return answer.status
    if source == "header":
        return answer.headers[path.lower()]
    value: Any = answer.parsed
    for part in filter(None, path.split(".")):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise KeyError(where) from None
    return value


def within_bounds(observe: Observe, value: int) -> bool:
    """Whether a measured value is as the demo says; `logged` without a bound means at least one line."""
    if observe.measure == "logged" and observe.equals is None and observe.at_least is None and observe.at_most is None:
        return value >= 1
    return (
        (observe.equals is None or value == observe.equals)
        and (observe.at_least is None or value >= observe.at_least)
        and (observe.at_most is None or value <= observe.at_most)
    )


def may_still_grow(observe: Observe) -> bool:
    """Whether a value that is right now could still turn wrong, so that it must be watched a moment longer."""
    return observe.equals is not None or observe.at_most is not None


def in_words(observe: Observe) -> str:
    """`OrderQueue visible = 0`, `Worker logs "packed"`."""
    if observe.measure == "logged":
        return f"{observe.resource} logs {observe.text!r}{_bounds(observe)}"
    return f"{observe.resource} {observe.measure}{_bounds(observe)}"


def _bounds(observe: Observe) -> str:
    bounds = {"=": observe.equals, "≥": observe.at_least, "≤": observe.at_most}
    return "".join(f" {sign} {value}" for sign, value in bounds.items() if value is not None)


def _matches(wanted: str | TextPattern, seen: str) -> bool:
    return _found(wanted, seen) if isinstance(wanted, TextPattern) else seen == wanted


def _found(wanted: TextPattern, seen: str) -> bool:
    """What RE2 does not take, such as a value that makes a pattern too large, matches nothing."""
    try:
        return wanted.found_in(seen)
    except BadPattern:
        return False


def _json(value: Any) -> str:
    """The value as JSON with a TextPattern as it is written; what is nested too deeply is shown as that."""
    try:
        return json.dumps(value, ensure_ascii=False, default=lambda pattern: MARK + pattern.shown)
    except (ValueError, RecursionError):
        return "(nested too deeply to show)"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wanted(wanted: Any) -> str:
    return _shown(f"like {wanted.shown}" if isinstance(wanted, TextPattern) else wanted)


def _counts(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else _json(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
