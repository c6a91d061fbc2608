"""The recorded run in short, for the diagram of a page on which nothing runs yet: what is lit and counted."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.analysis.chapters import chapters
from catalogue.patterns.runs.analysis.graph import graph_of
from catalogue.patterns.runs.analysis.moments import Moment, moments
from catalogue.patterns.runs.analysis.moves import moves
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import recorded_run
from catalogue.patterns.runs.views import script_json

MOST_FRAMES = 120
"""A first view has little room: what happens closer together becomes one frame."""


def resting_frames(pattern: Pattern) -> SafeString:
    """The frames of the recorded run as JSON for a script element; empty without a run.

    `[{"pos": 0 to 1, "edges": […], "nodes": […], "counts": {node: text}, "title": a step's}]`, by time; the last frame
    has the counts that the run ended with.
    """
    run = recorded_run(pattern)
    return script_json(frames(run, pattern)) if run is not None else SafeString("")


def frames(run: Run, pattern: Pattern) -> list[dict[str, Any]]:
    """The moments of the run that can be seen in the diagram, at most `MOST_FRAMES` of them and one. Pure."""
    graph = graph_of(pattern, run.variant)
    told = chapters(run, graph)
    titles = {f"{chapter.title}." for chapter in told} if len(told) > 1 else set()
    found: list[dict[str, Any]] = []
    place = -1
    for moment in moments(told, graph, moves(told, graph, run)):
        titled = moment.text in titles
        if not (moment.edges or moment.counts or titled):
            continue
        now = int(moment.pos * MOST_FRAMES)
        if now > place or titled:
            place = now
            found.append({"pos": round(moment.pos, 3)})
        _add(found[-1], moment)
        if titled:
            found[-1]["title"] = moment.text.removesuffix(".")
    return found


def _add(frame: dict[str, Any], moment: Moment) -> None:
    for name in ("edges", "nodes"):
        if seen := getattr(moment, name):
            frame[name] = list(dict.fromkeys([*frame.get(name, ()), *seen]))
    if moment.counts:
        frame["counts"] = frame.get("counts", {}) | moment.counts
