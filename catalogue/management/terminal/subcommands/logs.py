"""`serverless-patterns logs`: print what the functions of the opened stack write."""

import argparse

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.api import Event, LabApi
from catalogue.management.terminal.talking.following import show
from catalogue.management.terminal.talking.lines import written
from catalogue.management.terminal.talking.running import add_url_argument, page_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", nargs="?", help="the logical ID of a function (default: all functions)")
    parser.add_argument("--follow", action="store_true", help="continue with what comes, until Ctrl-C")
    add_url_argument(parser)


def run(options: argparse.Namespace) -> int:
    api, function = LabApi(page_of(options.url)), options.function
    if function is not None and not api.writes_log(function):
        raise Refused(f"{function} writes no log: it is not a function.")

    def shown(event: Event) -> str | None:
        is_meant = event["event"] == "log" and function in (None, event["data"]["function"])
        return written(event) if is_meant else None

    return show(api, shown, follow=options.follow)
