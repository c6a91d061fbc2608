"""`serverless-patterns list`: print the patterns of the catalogue."""

import argparse

from catalogue.management.terminal.site import own_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    with own_site():
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import content

        content.show(content.published(), as_json=options.json)
    return 0
