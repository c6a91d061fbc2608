"""Keeps a run small: long texts are cut, and of many events some are left out, but counted. Pure."""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalogue.patterns.runs.document import (
    Action,
    ActionAnswer,
    Check,
    Event,
    Gauge,
    Invocation,
    LeftOut,
    Log,
    Request,
    Run,
)

MOST_EVENTS = 1_500
LONGEST_BODY = 1_000
LONGEST_TEXT = 600
_MOST_ANSWERS = 100
_LONGEST_FIELDS = 2_000
_WIDE = 8
_LEAST_TOLD: Sequence[tuple[str, ...]] = (("gauge", "log"), ("invocation",), ("request",))
"""What is left out first; of kinds that stand together each in proportion."""


def within_reach(run: Run) -> Run:
    """The run within bounds that are wide, and that no work on it exceeds: what was seen may be of any length.

    Texts stay several times as long as in the end, so that a secret is whole where it is looked for.
    """
    return bounded(run, longest_body=_WIDE * LONGEST_BODY, wide=_WIDE)


def bounded(run: Run, most_events: int = MOST_EVENTS, longest_body: int = LONGEST_BODY, wide: int = 1) -> Run:
    """The run within its bounds, texts `wide` times as long. Cut finally only after redaction: half a secret is hard
    to find."""
    kept, left_out = thinned(run.events, most_events)
    return run.model_copy(
        update={
            "title": cut(run.title, wide * LONGEST_TEXT),
            "actions": tuple(_action(action, longest_body, wide) for action in run.actions),
            "events": tuple(_event(event, wide) for event in kept),
            "left_out": _together([*run.left_out, *left_out]),
        }
    )


def thinned(events: Sequence[Event], most: int) -> tuple[list[Event], list[LeftOut]]:
    """At most `most` events, and what was left out: kind after kind, each evenly, so that its course can still be seen.

    Invocations with a cold start or an error stay as long as anything does.
    """
    doomed: set[int] = set()
    for kinds in _LEAST_TOLD:
        surplus = len(events) - len(doomed) - most
        if surplus <= 0:
            break
        places = {
            kind: [place for place, event in enumerate(events) if event.kind == kind and not _telling(event)]
            for kind in kinds
        }
        share = surplus / max(1, sum(map(len, places.values())))
        for found in places.values():
            count = min(surplus, math.ceil(len(found) * share))
            surplus -= min(count, len(found))
            doomed |= set(_spread(found, count))
    surplus = len(events) - len(doomed) - most
    if surplus > 0:
        doomed |= set(_spread([place for place in range(len(events)) if place not in doomed], surplus))
    kept = [event for place, event in enumerate(events) if place not in doomed]
    return kept, _left_out(event for place, event in enumerate(events) if place in doomed)


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _spread(places: list[int], count: int) -> list[int]:
    """`count` of these places such that those that stay are spread evenly, the first and the last among them."""
    stay = len(places) - count
    if stay <= 0:
        return places
    kept = {round(step * (len(places) - 1) / max(1, stay - 1)) for step in range(stay)}
    return [place for index, place in enumerate(places) if index not in kept]


def _telling(event: Event) -> bool:
    return isinstance(event, Invocation) and (event.cold or event.error)


def _left_out(events: Iterable[Event]) -> list[LeftOut]:
    found = []
    for event in events:
        match event:
            case Request():
                found.append(LeftOut(kind="request", what=None, count=1))
            case Invocation():
                found.append(LeftOut(kind="invocation", what=event.function, count=1, billed_ms=event.billed_ms))
            case Log():
                found.append(LeftOut(kind="log", what=event.function, count=1))
            case Gauge():
                found.append(LeftOut(kind="gauge", what=event.resource, count=1))
    return found


def _together(parts: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    counts: Counter[tuple[Any, str | None]] = Counter()
    billed: Counter[tuple[Any, str | None]] = Counter()
    for part in parts:
        counts[part.kind, part.what] += part.count
        billed[part.kind, part.what] += part.billed_ms
    return tuple(
        LeftOut(kind=kind, what=what, count=count, billed_ms=billed[kind, what])
        for (kind, what), count in sorted(counts.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    )


def _action(action: Action, longest_body: int, wide: int) -> Action:
    longest = wide * LONGEST_TEXT
    answers = [answer.model_copy(update={"body": cut(answer.body, longest_body)}) for answer in action.answers]
    return action.model_copy(
        update={
            "title": cut(action.title, longest),
            "action": cut(action.action, longest),
            "answers": tuple(_briefly(answers))[:_MOST_ANSWERS],
            "checks": tuple(
                Check(what=cut(one.what, longest), ok=one.ok, seen=cut(one.seen, longest)) for one in action.checks
            ),
            "cli": None if action.cli is None else cut(action.cli, 2 * longest),
        }
    )


def _briefly(answers: list[ActionAnswer]) -> Iterable[ActionAnswer]:
    """Of a burst's answers, the body of the first of each status."""
    told: set[int] = set()
    for answer in answers:
        yield answer.model_copy(update={"body": ""}) if answer.status in told else answer
        told.add(answer.status)


def _event(event: Event, wide: int) -> Event:
    longest = wide * LONGEST_TEXT
    if isinstance(event, Request):
        return event.model_copy(update={"path": cut(event.path, longest), "method": cut(event.method, wide * 16)})
    if isinstance(event, Log):
        return event.model_copy(
            update={
                "step": None if event.step is None else cut(event.step, wide * 100),
                "fields": _fields(event.fields, wide),
                "text": None if event.text is None else cut(event.text, 2 * longest),
            }
        )
    return event


def _fields(fields: Mapping[str, Any], wide: int) -> dict[str, Any]:
    short = {cut(name, wide * 100): _short(value, wide) for name, value in fields.items()}
    if len(json.dumps(short)) <= wide * _LONGEST_FIELDS:
        return short
    return {"line": cut(json.dumps(short, ensure_ascii=False), wide * LONGEST_TEXT)}


def _short(value: Any, wide: int) -> Any:
    if isinstance(value, str):
        return cut(value, wide * LONGEST_TEXT // 2)
    if isinstance(value, Mapping):
        return {cut(name, wide * 100): _short(inner, wide) for name, inner in value.items()}
    if isinstance(value, list):
        return [_short(inner, wide) for inner in value]
    return value
