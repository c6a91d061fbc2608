"""The beginning of a recorded run, short enough to be played again and again on the home page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.analysis.chapters import chapters
from catalogue.patterns.runs.analysis.graph import graph_of
from catalogue.patterns.runs.analysis.moments import moments
from catalogue.patterns.runs.analysis.moves import moves
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import recorded_run
from catalogue.patterns.runs.views import script_json

MOST_MOMENTS = 60


@dataclass(frozen=True)
class Loop:
    run: Run
    play: SafeString
    """`{"ms", "moments": [see moments.Moment.document]}`, as JSON that may stand in a script element."""
    actions: tuple[str, ...]
    """Titles of the actions that it shows: each is shown whole, or not at all, but for a first one that is too long."""


def loop_of(pattern: Pattern) -> Loop | None:
    """The first actions of the pattern's recorded run, in at most MOST_MOMENTS moments; None without such a run."""
    run = recorded_run(pattern)
    if run is None:
        return None
    graph = graph_of(pattern, run.variant)
    told = chapters(run, graph)
    passed = moves(told, graph, run)
    shown = 1
    played = moments(told[:1], graph, passed[:1])
    while shown < len(told):
        longer = moments(told[: shown + 1], graph, passed[: shown + 1])
        if len(longer) > MOST_MOMENTS:
            break
        played, shown = longer, shown + 1
    played = played[:MOST_MOMENTS]
    last = played[-1].pos or 1.0 if played else 1.0
    for moment in played:
        moment.pos /= last
    documents = [moment.document() for moment in played]
    end = documents[-1]["at"] if documents else 0.0
    return Loop(run, script_json({"ms": end, "moments": documents}), tuple(part.title for part in told[:shown]))
