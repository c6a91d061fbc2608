"""`serverless-patterns list`: print the patterns of the catalogue."""

import argparse
import json
from typing import Any

from catalogue.management.terminal.site import own_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")


def run(options: argparse.Namespace) -> int:
    with own_site():
        from catalogue.patterns.content.library import library

        show(list(library().by_slug.values()), as_json=options.json)
    return 0


def show(cards: list[Any], *, as_json: bool) -> None:
    """Print a line for each card of a pattern: slug, level, title and summary."""
    width = max((len(card.slug) for card in cards), default=0)
    for card in cards:
        if as_json:
            row = {
                "slug": card.slug,
                "title": card.title,
                "level": card.level,
                "summary": card.front.summary,
                "services": [service.name for service in card.services],
            }
            print(json.dumps(row))
        else:
            print(f"{card.slug:{width}}  {card.level}  {card.title}: {card.front.summary}")
