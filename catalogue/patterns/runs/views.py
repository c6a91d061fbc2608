"""One trace, five views: what templates/runs/_views.html shows of a run, and what the player plays."""

from __future__ import annotations

import json
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.diagrams.svg import render_diagram
from catalogue.patterns.runs.analysis.chapters import chapters
from catalogue.patterns.runs.analysis.graph import graph_of
from catalogue.patterns.runs.analysis.moments import moments
from catalogue.patterns.runs.analysis.moves import moves
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.narrative import ChapterStory, narrative
from catalogue.patterns.runs.receipt import Receipt, receipt
from catalogue.patterns.runs.sequence import Part, Sequence, fold, sequence
from catalogue.patterns.runs.waterfall import Waterfall, waterfalls
from catalogue.patterns.runs.words import counted, duration, joined


@dataclass(frozen=True)
class RunViews:
    run: Run
    summary: str
    """What the run was, in one sentence."""
    diagram: SafeString
    """The pattern's diagram for the player to light; empty for the naive twin, which has none."""
    narrative: tuple[ChapterStory, ...]
    sequence: Sequence
    waterfalls: tuple[Waterfall, ...]
    raw: str
    """The document itself: JSON with an event a line."""
    receipt: Receipt | None
    """None until the target can tell what the run used."""
    document: SafeString
    """The document as JSON that may stand in a script element."""
    play: SafeString
    """The same of what the player needs: `{"ms", "moments": [see moments.Moment.document]}`."""
    rendered: dict[tuple[object, ...], SafeString] = field(default_factory=dict, compare=False, repr=False)
    """Parts of the page that are made from this alone, by name: the `once` tag keeps them here."""


_latest: deque[tuple[Run, Pattern, RunViews]] = deque(maxlen=4)
"""The last ones made: a recorded run's page and the part that the pattern's page loads show the same."""


def run_views(run: Run, pattern: Pattern) -> RunViews:
    """All views of a run of this pattern. Pure; of a run of an older content what still fits is shown."""
    for one, of, views in tuple(_latest):
        if one is run and of is pattern:
            return views
    views = _run_views(run, pattern)
    _latest.append((run, pattern, views))
    return views


def _run_views(run: Run, pattern: Pattern) -> RunViews:
    graph = graph_of(pattern, run.variant)
    told = chapters(run, graph)
    passed = moves(told, graph, run)
    document = run.model_dump(mode="json")
    parts = [Part(chapter.title, fold(move)) for chapter, move in zip(told, passed, strict=True)]
    played = [moment.document() for moment in moments(told, graph, passed)]
    end = max([run.ms, *(moment["at"] for moment in played)])
    return RunViews(
        run=run,
        summary=summary(run),
        diagram=render_diagram(pattern) if run.variant == "pattern" else SafeString(""),
        narrative=narrative(told, graph),
        sequence=sequence(parts, graph),
        waterfalls=waterfalls(told, graph),
        raw=raw(document),
        receipt=receipt(run, pattern),
        document=script_json(document),
        play=script_json({"ms": round(end, 1), "moments": played}),
    )


def summary(run: Run) -> str:
    """`2 requests, 2 invocations (1 cold), 9 log lines in 312 ms.` What was left out is counted, too."""
    kinds: Counter[str] = Counter(event.kind for event in run.events)
    for part in run.left_out:
        kinds[part.kind] += part.count
    cold = sum(event.kind == "invocation" and event.cold for event in run.events)
    parts = []
    if kinds["request"]:
        parts.append(counted(kinds["request"], "request"))
    invocations = counted(kinds["invocation"], "invocation") if kinds["invocation"] else "no invocation"
    how_cold = "cold" if cold == kinds["invocation"] == 1 else f"{cold} cold"
    parts.append(f"{invocations} ({how_cold})" if cold else invocations)
    if kinds["log"]:
        parts.append(counted(kinds["log"], "log line"))
    return f"{joined(parts)} in {duration(run.ms)}."


def raw(document: dict[str, Any]) -> str:
    """Valid JSON that can be read: each member on a line, and each action, event and use on one of its own."""
    lines = []
    for key, value in document.items():
        if isinstance(value, list) and value:
            inner = ",\n".join(f"    {_compact(each)}" for each in value)
            lines.append(f"  {json.dumps(key)}: [\n{inner}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}"


def script_json(value: Any) -> SafeString:
    """JSON in which nothing can end the script element around it."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return mark_safe(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))  # noqa: S308


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
