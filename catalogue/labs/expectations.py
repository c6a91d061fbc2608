"""Compares what a step's answers and its stack are with what the demo says they must be. Pure."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.schema import Expect, Observe

_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SHOWN = 200


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: str
    ms: float

    @property
    def parsed(self) -> Any:
        """The body as JSON where it is JSON, else as text."""
        try:
            return json.loads(self.body)
        except ValueError:
            return self.body


@dataclass(frozen=True)
class Check:
    what: str
    """What must be, as a phrase."""
    ok: bool
    seen: str


class UnknownVariable(KeyError):
    """A `{{name}}` that no earlier step saved."""


def fill(value: Any, variables: Mapping[str, Any]) -> Any:
    """`value` with every `{{name}}` in its texts replaced, at any depth. Raises UnknownVariable."""
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: str(_lookup(variables, found[1])), value)
    if isinstance(value, Mapping):
        return {fill(key, variables): fill(inner, variables) for key, inner in value.items()}
    if isinstance(value, Sequence):
        return [fill(inner, variables) for inner in value]
    return value


def _lookup(variables: Mapping[str, Any], name: str) -> Any:
    if name not in variables:
        raise UnknownVariable(name)
    found = variables[name]
    return found() if callable(found) else found


def filled(expect: Expect, variables: Mapping[str, Any]) -> Expect:
    """What is expected, with the values that earlier steps saved. Raises UnknownVariable."""
    wanted = {"headers": fill(expect.headers, variables), "body": fill(expect.body, variables)}
    return expect.model_copy(update=wanted)


def check_answers(expect: Expect, answers: Sequence[Answer]) -> Iterator[Check]:
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
    """Whether `seen` has all that `wanted` asks for: keys of mappings at any depth, lists item by item."""
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
    if isinstance(wanted, str):
        return _matches(wanted, seen if isinstance(seen, str) else json.dumps(seen)) and (
            wanted.startswith("~") or isinstance(seen, str)
        )
    return bool(type(seen) is type(wanted) and seen == wanted) or (
        _is_number(seen) and _is_number(wanted) and seen == wanted
    )


def saved_values(save: Mapping[str, str], answer: Answer) -> dict[str, Any]:
    """Values for later steps, by `status`, `header.<name>` or `body.<path>` of the answer. Raises KeyError."""
    return {name: _value_at(where, answer) for name, where in save.items()}


def _value_at(where: str, answer: Answer) -> Any:
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


def _matches(wanted: str, seen: str) -> bool:
    return bool(re.search(wanted[1:], seen)) if wanted.startswith("~") else seen == wanted


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _wanted(wanted: Any) -> str:
    if isinstance(wanted, str):
        return f"like {wanted[1:]}" if wanted.startswith("~") else wanted
    return _shown(wanted)


def _counts(statuses: Mapping[int, int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
