"""The report of a run on a real account, as Markdown and as JSON. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from catalogue.labs.aws.trial import Outcome, Trial

_WORDS = {"deployment": "Deployment", "step": "Step", "lever": "Lever", "comparison": "Comparison"}


def json_report(trials: Sequence[Trial], at: datetime, where: str) -> dict[str, Any]:
    """`{"at": …, "where": …, "ok": …, "trials": […]}`; `where` says which target and region it was."""
    return {
        "at": at.isoformat(timespec="seconds"),
        "where": where,
        "ok": all(trial.ok for trial in trials),
        "trials": [trial.document() for trial in trials],
    }


def markdown_report(trials: Sequence[Trial], at: datetime, where: str) -> str:
    """A table of all patterns, then for each pattern what differed from the embedded AWS."""
    return "\n".join([*_head(trials, at, where), *(line for trial in trials for line in _pattern(trial))]) + "\n"


def _head(trials: Sequence[Trial], at: datetime, where: str) -> Iterator[str]:
    yield f"# What differed on {where}"
    yield ""
    yield f"Run {at:%Y-%m-%d %H:%M} UTC. On the embedded AWS every step, lever and claim is met: the tests hold them."
    yield ""
    yield "| pattern | ready after | steps | levers | comparison | ledger rows |"
    yield "|---|---|---|---|---|---|"
    for trial in trials:
        cells = [
            trial.pattern,
            _ready_after(trial.outcomes),
            *(_share(trial.outcomes, kind) for kind in ("step", "lever", "comparison")),
            _rows(trial),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _pattern(trial: Trial) -> Iterator[str]:
    yield f"## {trial.pattern}"
    yield ""
    unmet = [outcome for outcome in trial.outcomes if not outcome.ok]
    rows = [row for row in trial.rows if row.verdict != "same"]
    if not unmet and not rows:
        yield "Nothing differed."
    for outcome in unmet:
        yield f"- **{_WORDS[outcome.kind]} `{outcome.id}`**"
        for text in outcome.unmet:
            yield f"  - {_inline(text)}"
    for row in rows:
        yield f"- Ledger row `{row.id}`: {row.verdict} ({', '.join(row.by)})"
    yield ""


def _ready_after(outcomes: Iterable[Outcome]) -> str:
    found = next((outcome for outcome in outcomes if outcome.kind == "deployment"), None)
    return f"{found.ms / 1000:.1f} s" if found is not None and found.ok else "failed"


def _share(outcomes: Iterable[Outcome], kind: str) -> str:
    these = [outcome.ok for outcome in outcomes if outcome.kind == kind]
    return f"{sum(these)} of {len(these)}" if these else "none"


def _rows(trial: Trial) -> str:
    counts: dict[str, int] = {}
    for row in trial.rows:
        counts[row.verdict] = counts.get(row.verdict, 0) + 1
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items()) or "none"


def _inline(text: str) -> str:
    """On one line, and short enough to read; what AWS said can be long."""
    line = " ".join(text.split())
    return line if len(line) <= 400 else line[:399] + "…"
