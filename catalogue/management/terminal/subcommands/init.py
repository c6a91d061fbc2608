"""`serverless-patterns init`: write a pattern as a project of your own."""

import argparse
from pathlib import Path

from catalogue.management.terminal.site import own_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", help="the pattern's slug, as `list` prints it")
    parser.add_argument("folder", nargs="?", type=Path, help="where to write it (default: a folder named for the slug)")


def run(options: argparse.Namespace) -> int:
    with own_site():
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import content

        folder, count = content.write(options.pattern, options.folder)
    print(f"{folder}: {count} files. Next: serverless-patterns open {folder / 'template.yaml'}")
    return 0
