"""The entry point of `serverless-patterns`."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from catalogue.management.terminal.refused import Refused

SUBCOMMANDS = ("open", "send", "logs", "trace", "fault", "verify", "list", "search", "init", "mcp")


def parser() -> argparse.ArgumentParser:
    """All subcommands with their options."""
    made = argparse.ArgumentParser(
        prog="serverless-patterns", description="Serverless patterns, and your own template, alive on this machine."
    )
    chosen = made.add_subparsers(dest="subcommand", metavar="command", required=True)
    for name in SUBCOMMANDS:
        module = _module(name)
        summary = (module.__doc__ or "").partition("\n")[0].partition(": ")[2]
        module.add_arguments(chosen.add_parser(name, help=summary, description=summary))
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand. Returns its exit code: 0, 1 for what failed, 2 for what cannot be done as asked."""
    options = parser().parse_args(arguments)
    try:
        code: int = _module(options.subcommand).run(options)
    except Refused as refused:
        print(f"serverless-patterns: {refused}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        return 0
    return code


def _module(name: str) -> ModuleType:
    return import_module(f"catalogue.management.terminal.subcommands.{name}")


if __name__ == "__main__":
    sys.exit(main())
