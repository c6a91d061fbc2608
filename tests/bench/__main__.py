"""`python -m tests.bench [--only labs] [--json FILE]`: prints a table, and writes the same as JSON.

A benchmark is a module in a folder of `tests/bench/suites/` with an asynchronous `measure(site)` that yields figures
and, where the site needs more settings, a dictionary ENVIRONMENT. One that measures no site has `measure_alone()`
instead, so that no site's processes share the machine with it. `labs/edge.py` is the benchmark `labs_edge` of the
group `labs`.
"""

import argparse
import asyncio
import importlib
import json
import os
import pkgutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import machine, suites
from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure, table


@dataclass(frozen=True)
class Benchmark:
    """What a module in `suites` brings."""

    measure: Callable[[BenchSite], AsyncIterator[Figure]] | None
    measure_alone: Callable[[], AsyncIterator[Figure]] | None
    environment: Mapping[str, str]


def main() -> None:
    options = _options()
    chosen = {name: one for name, one in found().items() if not options.only or _chosen(name, options.only)}
    if not chosen:
        sys.exit(f"No benchmark is called {', '.join(options.only)}.")
    about = machine.description()
    figures = asyncio.run(_run(chosen))
    about["load_after"] = round(os.getloadavg()[0], 2)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": about,
        "method": "docs/benchmarks.md",
        "figures": [figure.document() for figure in figures],
    }
    load = f"load {about['load_before']} before, {about['load_after']} after"
    print(f"\n{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {load}")
    print(", ".join(f"{name} {version}" for name, version in about["versions"].items()))
    print(table(figures))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=2) + "\n")
        print(f"\nWritten to {options.json}")
    if any(figure.verdict == "INVALID" for figure in figures):
        sys.exit("Requests failed: the figures marked INVALID say nothing.")


def found() -> dict[str, Benchmark]:
    """Every benchmark by its name: that of its folder and that of its module."""
    benchmarks = {}
    files = pkgutil.walk_packages(suites.__path__, f"{suites.__name__}.")
    for path in sorted(file.name for file in files if not file.ispkg):
        module = importlib.import_module(path)
        name = "_".join(path.split(".")[-2:])
        with_site, alone = getattr(module, "measure", None), getattr(module, "measure_alone", None)
        benchmarks[name] = Benchmark(with_site, alone, getattr(module, "ENVIRONMENT", {}))
    return benchmarks


async def _run(chosen: Mapping[str, Benchmark]) -> list[Figure]:
    figures: list[Figure] = []
    for name, benchmark in chosen.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        if benchmark.measure_alone is not None:
            figures += [figure async for figure in benchmark.measure_alone()]
        if benchmark.measure is not None:
            # A fresh site each: no figure depends on what was measured before it.
            async with BenchSite.running(**benchmark.environment) as site:
                figures += [figure async for figure in benchmark.measure(site)]
    return figures


def _chosen(name: str, only: list[str]) -> bool:
    return name in only or name.partition("_")[0] in only


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure what the site promises.")
    parser.add_argument(
        "--only", action="append", default=[], help="a group of benchmarks or one, e.g. labs or labs_edge"
    )
    parser.add_argument("--json", type=Path, help="write machine, versions and figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
