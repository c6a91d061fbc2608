"""Every answer's latency as a mark on a strip, one strip for each side, both on the same logarithmic scale. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from catalogue.labs.demos.comparisons.results.result import SIDES, Json
from catalogue.labs.demos.comparisons.results.table import shown
from catalogue.patterns.content.schemas.comparison import Side

HEIGHT = 76
_TOP, _LANES, _LANE = 10, 5, 9
_DECADES = (1, 10, 100, 1_000, 10_000, 100_000)
_MARGIN = 2.0
"""Percent kept free at either end, so that no mark is cut."""


@dataclass(frozen=True)
class Strip:
    side: Side
    svg: SafeString
    summary: str


def strips(result: Json) -> list[Strip]:
    """Nothing where no request was sent."""
    latencies: dict[Side, list[Json]] = {side: result["sides"][side]["latencies"] for side in SIDES}
    every = [answer["ms"] for side in SIDES for answer in latencies[side]]
    if not every:
        return []
    low = max((decade for decade in _DECADES if decade <= min(every)), default=_DECADES[0])
    high = min((decade for decade in _DECADES if decade >= max(every)), default=_DECADES[-1])
    scale = _Scale(low, max(high, low * 10))
    return [Strip(side, _svg(latencies[side], scale), _summary(latencies[side])) for side in SIDES]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def percent(self, ms: float) -> float:
        """Where this duration stands between the ends, in percent of the strip's width."""
        inside = min(max(ms, self.low), self.high)
        part = math.log(inside / self.low) / math.log(self.high / self.low)
        return round(_MARGIN + part * (100 - 2 * _MARGIN), 2)

    def ticks(self) -> list[int]:
        return [decade for decade in _DECADES if self.low <= decade <= self.high]


def _svg(answers: Sequence[Json], scale: _Scale) -> SafeString:
    ground = _TOP + _LANES * _LANE
    lines = format_html_join(
        "",
        '<line x1="{0}%" x2="{0}%" y1="0" y2="{1}"/><text x="{0}%" y="{2}" text-anchor="{3}">{4}</text>',
        (
            (
                scale.percent(tick),
                ground,
                HEIGHT - 5,
                _anchor(tick, scale),
                f"{tick} ms" if tick < 1000 else f"{tick // 1000} s",
            )
            for tick in scale.ticks()
        ),
    )
    marks = format_html_join(
        "", '<svg x="{}%" y="{}" class="strip-mark {}"><path d="{}"/></svg>', _marks(answers, scale)
    )
    return format_html(
        '<svg class="strip" width="100%" height="{}" role="img" aria-label="{}"><g class="strip-scale">{}</g>{}</svg>',
        HEIGHT,
        _summary(answers),
        lines,
        marks,
    )


def _anchor(tick: int, scale: _Scale) -> str:
    return "start" if tick == scale.low else "end" if tick == scale.high else "middle"


_DOT, _CROSS, _DIAMOND = (
    "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0-7 0",
    "M-3.5-3.5l7 7m0-7l-7 7",
    "M0-4.5l4.5 4.5l-4.5 4.5l-4.5-4.5z",
)


def _marks(answers: Sequence[Json], scale: _Scale) -> Iterator[tuple[float, int, str, str]]:
    """Answers of the same time stand in lanes, one below the other."""
    for index, answer in enumerate(sorted(answers, key=lambda answer: float(answer["ms"]))):
        status = answer["status"]
        shape, kind = (
            (_CROSS, "is-failed") if status >= 500 else (_DIAMOND, "is-refused") if status >= 400 else (_DOT, "is-fine")
        )
        yield scale.percent(answer["ms"]), _TOP + index % _LANES * _LANE, kind, shape


def _summary(answers: Sequence[Json]) -> str:
    if not answers:
        return "No request was sent."
    times = sorted(float(answer["ms"]) for answer in answers)
    failed = sum(1 for answer in answers if answer["status"] >= 500)
    refused = sum(1 for answer in answers if 400 <= answer["status"] < 500)
    said = f"{len(times)} answers between {shown(times[0], 'ms')} and {shown(times[-1], 'ms')}"
    said += f", {failed} with status 500 or above" if failed else ""
    return said + (f", {refused} with status 400 to 499." if refused else ".")
