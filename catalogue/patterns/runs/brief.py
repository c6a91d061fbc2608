"""A deed of a run in one line, for those who read a pattern and click nothing. Every figure is the run's own. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.patterns.runs.document import Answer, Check, Deed, Run
from catalogue.patterns.runs.words import counted, duration, joined

_MEASURED = re.compile(r"(\w+) (invocations|errors|messages|visible|items)((?: [=≥≤] \d+)*)")
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
    return {deed.id: brief(deed) for deed in run.deeds if deed.id is not None}


def brief(deed: Deed) -> Brief:
    phrases: list[str] = []
    told: set[tuple[str, str]] = set()
    for check in deed.checks:
        if phrase := observed(check):
            subject = _subject(check)
            phrases.append(f"then {phrase}" if subject in told else phrase)
            told.add(subject)
    return Brief(statuses(deed.answers) or "done", duration(deed.ms), joined(phrases) if phrases else "")


def statuses(answers: Sequence[Answer]) -> str:
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
    if measured := _MEASURED.fullmatch(check.what):
        unit, where = _UNITS[measured[2]]
        return f"{counted(count, unit) if count else f'no {unit}'} {where} {measured[1]}"
    return ""


def _subject(check: Check) -> tuple[str, str]:
    """What a check measures, so that a second measure of the same is told as a later one."""
    measured = _MEASURED.fullmatch(check.what)
    return (measured[1], _UNITS[measured[2]][0]) if measured else (check.what, "")


_UNITS: Mapping[str, tuple[str, str]] = {
    "invocations": ("invocation", "of"),
    "errors": ("failure", "of"),
    "messages": ("message", "in"),
    "visible": ("message", "waiting in"),
    "items": ("item", "in"),
}
