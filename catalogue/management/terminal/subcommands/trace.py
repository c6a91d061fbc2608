"""`serverless-patterns trace`: print the requests, invocations and log lines of the opened stack."""

import argparse

from catalogue.management.terminal.talking.api import Event, LabApi
from catalogue.management.terminal.talking.following import show
from catalogue.management.terminal.talking.lines import SHOWN, line
from catalogue.management.terminal.talking.running import add_url_argument, page_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--follow", action="store_true", help="continue with what comes, until Ctrl-C")
    add_url_argument(parser)


def run(options: argparse.Namespace) -> int:
    def shown(event: Event) -> str | None:
        return line(event) if event["event"] in SHOWN else None

    return show(LabApi(page_of(options.url)), shown, follow=options.follow)
