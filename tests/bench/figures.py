"""A measured figure, the goal it is held to, and the verdict."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

type Bound = Literal["at most", "at least"]
type Verdict = Literal["pass", "MISS", "INVALID", "skipped", ""]


@dataclass(frozen=True)
class Figure:
    """One number. `samples` says of how many it was made, `failed` how many requests behind it went wrong.

    Where what it is measured against is missing, `skipped` names that, and there is no number (see `skip`).
    """

    name: str
    value: float
    unit: str
    samples: int
    failed: int = 0
    bound: Bound | None = None
    goal: float | None = None
    skipped: str = ""

    @property
    def verdict(self) -> Verdict:
        """Nothing is good of which a request has failed."""
        if self.skipped:
            return "skipped"
        if self.failed or not self.samples or not math.isfinite(self.value):
            return "INVALID"
        if self.goal is None or self.bound is None:
            return ""
        met = self.value <= self.goal if self.bound == "at most" else self.value >= self.goal
        return "pass" if met else "MISS"

    def document(self) -> dict[str, Any]:
        value = self.value if math.isfinite(self.value) else None
        return asdict(self) | {"value": value, "verdict": self.verdict}


def skip(name: str, reason: str, bound: Bound | None = None, goal: float | None = None) -> Figure:
    """A figure that could not be measured here, and why: `nginx is not installed (on Debian: apt install nginx)`."""
    return Figure(name, math.nan, "", 0, 0, bound, goal, reason)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that is at least as large as `percent` per cent of all; not a number without any."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def table(figures: Sequence[Figure]) -> str:
    """The figures as aligned text, one a line."""
    rows = [("figure", "value", "goal", "verdict", "samples")]
    for figure in figures:
        goal = f"{figure.bound} {_number(figure.goal)}" if figure.goal is not None else ""
        samples = f"{figure.samples}" + (f", {figure.failed} failed" if figure.failed else "")
        if figure.skipped:
            samples = figure.skipped
        rows.append((figure.name, f"{_number(figure.value)} {figure.unit}", goal, figure.verdict, samples))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            text.rjust(width) if column == 1 else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"
