"""`python -m tests.bench [--only labs] [--json FILE]`: prints a table, and writes the same as JSON.

A benchmark is a module in `tests/bench/suites/` with an asynchronous `measure(site)` that yields figures. The name of
the module up to its first underscore is the group that `--only` chooses.
"""

import argparse
import asyncio
import importlib
import json
import pkgutil
import sys
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine, suites
from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure, table

type Measure = Callable[[BenchSite], AsyncIterator[Figure]]


def main() -> None:
    options = _options()
    chosen = {name: measure for name, measure in found().items() if not options.only or _group(name) in options.only}
    if not chosen:
        sys.exit(f"No benchmark is in the group {', '.join(options.only)}.")
    about = machine.description()
    figures = asyncio.run(_run(chosen))
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": about,
        "method": "docs/benchmarks.md",
        "figures": [figure.document() for figure in figures],
    }
    print(f"\n{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, load {about['load_before']}")
    print(table(figures))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=2) + "\n")
        print(f"\nWritten to {options.json}")
    if any(figure.verdict == "INVALID" for figure in figures):
        sys.exit("Requests failed: the figures marked INVALID say nothing.")


def found() -> dict[str, Measure]:
    """Every benchmark by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(suites.__path__))
    return {name: importlib.import_module(f"{suites.__name__}.{name}").measure for name in names}


async def _run(chosen: dict[str, Measure]) -> list[Figure]:
    figures: list[Figure] = []
    for name, measure in chosen.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        async with BenchSite.running() as site:  # a fresh one each: no figure depends on what was measured before it
            figures += [figure async for figure in measure(site)]
    return figures


def _group(name: str) -> str:
    return name.partition("_")[0]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what the site promises.")
    parser.add_argument("--only", action="append", default=[], help="a group of benchmarks, e.g. labs (repeatable)")
    parser.add_argument("--json", type=Path, help="write machine, versions and figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
