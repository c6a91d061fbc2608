"""`python -m tests.reliability chaos|soak|fuzz|NAME … [--minutes N] [--count N] [--json FILE]`.

A scenario is a module in `tests/reliability/scenarios/` with an asynchronous `run(options)` that yields figures. It
starts the sites it needs. The name up to the first underscore is its group: `make chaos` runs one group, `make soak`
another.
A figure with a goal that is missed makes the command end with 1.
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

from tests.bench import machine
from tests.bench.figures import Figure, skip, table
from tests.reliability import scenarios
from tests.reliability.options import CannotRun, Options

type Scenario = Callable[[Options], AsyncIterator[Figure]]


def main() -> None:
    arguments = _arguments()
    chosen = {name: run for name, run in found().items() if _chosen(name, arguments.only)}
    if not chosen:
        sys.exit(f"No scenario is called {', '.join(arguments.only)}. There are: {', '.join(found())}.")
    about = machine.description()
    figures = asyncio.run(_run(chosen, Options(arguments.minutes, arguments.count, arguments.seed)))
    print(f"\n{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {about['system']}")
    print(table(figures))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        document = {
            "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": about,
            "figures": [figure.document() for figure in figures],
        }
        arguments.json.write_text(json.dumps(document, indent=2) + "\n")
    missed = [figure.name for figure in figures if figure.verdict in ("MISS", "INVALID")]
    if missed:
        sys.exit("Not as promised: " + "; ".join(missed))


def found() -> dict[str, Scenario]:
    """Every scenario by the name of its module."""
    names = sorted(module.name for module in pkgutil.iter_modules(scenarios.__path__))
    return {name: importlib.import_module(f"{scenarios.__name__}.{name}").run for name in names}


async def _run(chosen: dict[str, Scenario], options: Options) -> list[Figure]:
    figures: list[Figure] = []
    for name, run in chosen.items():
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            figures += [figure async for figure in run(options)]
        except CannotRun as missing:
            figures.append(skip(name, str(missing)))
    return figures


def _chosen(name: str, only: list[str]) -> bool:
    return not only or name in only or name.partition("_")[0] in only


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description="Break the site on purpose.")
    parser.add_argument("only", nargs="*", help="a group of scenarios (chaos, soak, fuzz) or one, e.g. chaos_kill")
    parser.add_argument("--minutes", type=float, default=None, help="length of a timed scenario (default: its own)")
    parser.add_argument("--count", type=int, default=None, help="repetitions of a counted scenario (default: its own)")
    parser.add_argument("--seed", type=int, default=1, help="of random choices, so that a run can be repeated")
    parser.add_argument("--json", type=Path, help="write machine, versions and figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
