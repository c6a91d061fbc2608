"""`manage.py build` of 10, 100 and 1,000 patterns, after one change, and against MkDocs Material on the same text.

`BENCH_BEFORE=/path/to/an/earlier/checkout` adds full builds of 100 patterns by that checkout, in turns with this one.
"""

import asyncio
import os
import statistics
import subprocess
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.figures import Figure, skip
from tests.bench.pages import mkdocs
from tests.bench.pages.generated import Generated
from tests.support.site import ROOT

SIZES = (10, 100, 1000)
CHANGES = 3
GOAL = 3
PATIENCE = 3.5
"""MkDocs is ended when it has taken so many times what we took: a thousand patterns keep it busy for ten minutes."""
TURNS = 3
OF_BEFORE = 0.4
LINEAR = 1.25
"""A pattern more may cost so many times what it cost between the sizes before: what all builds share, and noise."""


async def measure_alone() -> AsyncIterator[Figure]:
    for figure in await asyncio.to_thread(_measure):
        yield figure


def _measure() -> list[Figure]:
    figures: list[Figure] = []
    took: dict[int, float] = {}
    with TemporaryDirectory(prefix="bench-build-") as folder:
        for size in SIZES:
            generated = Generated(Path(folder, str(size)), size)
            took[size] = generated.build()
            figures.append(Figure(f"full build of {size} patterns", took[size], "s", 1))
            if size == 100 and (before := os.environ.get("BENCH_BEFORE")):
                figures += _against_before(generated, Path(before))
        figures += _slopes(took)
        full, largest = took[SIZES[-1]], generated
        for what, change in (("sentence", largest.change_prose), ("title", largest.change_title)):
            figures += _after(what, change, largest, full)
        figures += _against_mkdocs(Path(folder), largest, full)
    return figures


def _against_before(generated: Generated, before: Path) -> list[Figure]:
    ratios, seconds, lost = [], [], 0
    for _ in range(TURNS):
        (then, pages_then), (now, pages_now) = generated.build_of(before), generated.build_of(ROOT)
        ratios.append(now / then)
        seconds.append(then)
        lost += max(0, pages_then - pages_now)
    return [
        Figure(f"the build before: {generated.count} patterns", statistics.median(seconds), "s", TURNS),
        Figure("full build: now to before", statistics.median(ratios), "×", TURNS, lost, "at most", OF_BEFORE),
    ]


def _slopes(took: dict[int, float]) -> list[Figure]:
    """What each further pattern costs, between one size and the next."""
    costs = [(few, many, (took[many] - took[few]) / (many - few)) for few, many in pairwise(took)]
    figures = [Figure(f"each pattern from {few} to {many}", cost * 1000, "ms", many - few) for few, many, cost in costs]
    growth = costs[-1][2] / costs[0][2]
    return [*figures, Figure("cost of a pattern, many to few", growth, "×", len(took), 0, "at most", LINEAR)]


def _after(what: str, change: Callable[[], None], generated: Generated, full: float) -> list[Figure]:
    seconds = []
    for _ in range(CHANGES):
        change()
        seconds.append(generated.build())
    again = statistics.median(seconds)
    return [
        Figure(f"build after one {what} has changed", again, "s", CHANGES),
        Figure("  of the full build", again / full * 100, "%", CHANGES, 0, "at most", 2),
    ]


def _against_mkdocs(folder: Path, generated: Generated, own_seconds: float) -> list[Figure]:
    """The same pages; then the patterns' texts alone, which are a tenth of what our build makes."""
    name = f"full build of {generated.count}, times faster than {mkdocs.PEER}"
    try:
        python = mkdocs.install(folder / "mkdocs-env")
    except mkdocs.NotInstalled as error:
        return [skip(name, f"{mkdocs.PEER} cannot be installed: {error}", "at least", GOAL)]
    texts, pages = folder / "texts", folder / "pages"
    generated.run("-m", "tests.bench.pages.markdown", str(texts / "docs"), str(pages / "docs"))
    return [
        *_same_pages(python, pages, own_seconds, name),
        *_texts_alone(python, texts, own_seconds, generated.count),
    ]


def _same_pages(python: Path, folder: Path, own_seconds: float, name: str) -> list[Figure]:
    wanted = len(list((folder / "docs").rglob("*.md")))
    most = own_seconds * PATIENCE
    try:
        seconds, made = mkdocs.build(python, folder, most)
    except subprocess.TimeoutExpired:
        # Not done yet: it takes longer than this, so the ratio is the least that it can be.
        return [
            Figure(f"{mkdocs.PEER}, the same {wanted} pages: ended after", most, "s", 1),
            Figure(f"{name} (or more)", PATIENCE, "×", 1, 0, "at least", GOAL),
        ]
    lost = wanted - made
    return [
        Figure(f"{mkdocs.PEER}, the same {wanted} pages", seconds, "s", 1, lost),
        Figure(name, seconds / own_seconds, "×", 1, lost, "at least", GOAL),
    ]


def _texts_alone(python: Path, folder: Path, own_seconds: float, count: int) -> list[Figure]:
    seconds, made = mkdocs.build(python, folder)
    lost = count - made
    return [
        Figure(f"{mkdocs.PEER}, {count} texts alone", seconds, "s", 1, lost),
        Figure("  times faster than that", seconds / own_seconds, "×", 1, lost, "at least", GOAL),
    ]
