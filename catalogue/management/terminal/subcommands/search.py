"""`serverless-patterns search`: find patterns by words, best first."""

import argparse

from catalogue.management.terminal.site import own_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="+", help="what to look for: a problem, a service, a name in the code")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    with own_site():
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import content

        found = content.found(" ".join(options.words))
        content.show(found, as_json=options.json)
    return 0 if found else 1
