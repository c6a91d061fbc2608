"""`serverless-patterns fault`: list the faults of the opened stack, cause one, or remove it."""

import argparse
from typing import Any

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.api import LabApi
from catalogue.management.terminal.talking.running import add_url_argument, page_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("fault", nargs="?", help="the ID of a fault, as the list shows it (default: print the list)")
    parser.add_argument("--release", action="store_true", help="remove the fault; without an ID, remove all")
    add_url_argument(parser)


def run(options: argparse.Namespace) -> int:
    api = LabApi(page_of(options.url))
    if options.fault is None:
        if options.release:
            api.reset()
        _show(api.levers())
        return 0
    known = [lever["id"] for lever in api.levers()]
    if options.fault not in known:
        raise Refused(f"There is no fault {options.fault!r}: {', '.join(known) or 'this stack has none'}.")
    outcome = api.move(options.fault, "release" if options.release else "pull")
    print(outcome["says"] if outcome["changed"] or outcome.get("trial") else f"{outcome['says']} Nothing has changed.")
    if outcome["cli"]:
        print(f"On your own account: {outcome['cli']}")
    return 0 if outcome["ok"] else 1


def _show(levers: list[dict[str, Any]]) -> None:
    if not levers:
        print("This stack has no faults to cause.")
    width = max((len(lever["id"]) for lever in levers), default=0)
    for lever in levers:
        print(f"{lever['id']:{width}}  {'pulled' if lever['pulled'] else '-':6}  {lever['title']}: {lever['notice']}")
