"""An action of a run in one line, for readers who click nothing. Every figure is the run's own. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.patterns.runs.document import Action, ActionAnswer, Check, Run
from catalogue.patterns.runs.words import counted, duration, joined
from catalogue.patterns.services.model import Measure
from catalogue.patterns.services.registry import registry

_MEASURED = re.compile(r"(\w+) (\w+)((?: [=≥≤] \d+)*)")
_LOGGED = re.compile(r"(\w+) logs (['\"])(.*)\2((?: [=≥≤] \d+)*)", re.DOTALL)


@dataclass(frozen=True)
class Brief:
    """`50 × 202` in `233 ms`: `50 items in OrdersTable and 0 messages in OrderQueue`."""

    answer: str
    """Statuses, or `done` for an operation."""
    took: str
    seen: str
    """What was measured in the stack; empty if nothing was."""


def briefs(run: Run) -> Mapping[str, Brief]:
    """By the id of the step."""
    return {action.id: brief(action) for action in run.actions if action.id is not None}


def brief(action: Action) -> Brief:
    phrases: list[str] = []
    told: set[tuple[str, str]] = set()
    for check in action.checks:
        if phrase := observed(check):
            subject = _subject(check)
            phrases.append(f"then {phrase}" if subject in told else phrase)
            told.add(subject)
    return Brief(statuses(action.answers) or "done", duration(action.ms), joined(phrases) if phrases else "")


def statuses(answers: Sequence[ActionAnswer]) -> str:
    """`200`, or of several `48 × 202, 2 × 429`."""
    if len(answers) == 1:
        return str(answers[0].status)
    counts = Counter(answer.status for answer in answers)
    return ", ".join(f"{count} × {status}" for status, count in sorted(counts.items()))


def observed(check: Check) -> str:
    """What a check of the stack saw, in words; empty for a check of an answer, which the statuses tell."""
    if not check.seen.isdigit():
        return ""
    count = int(check.seen)
    if logged := _LOGGED.fullmatch(check.what):
        if not count:
            return f"{logged[1]} did not log “{logged[3]}”"
        return f"{logged[1]} logged “{logged[3]}”{f', {count} times' if count > 1 else ''}"
    if found := _measured(check):
        resource, measure = found
        return f"{counted(count, measure.one) if count else f'no {measure.one}'} {measure.where} {resource}"
    return ""


def _measured(check: Check) -> tuple[str, Measure] | None:
    """The resource and the measure of a check that is about one."""
    found = _MEASURED.fullmatch(check.what)
    measure = registry().measures.get(found[2]) if found else None
    return (found[1], measure) if found and measure else None


def _subject(check: Check) -> tuple[str, str]:
    """What a check measures, so that a second measure of the same is told as a later one."""
    found = _measured(check)
    return (found[0], found[1].one) if found else (check.what, "")
