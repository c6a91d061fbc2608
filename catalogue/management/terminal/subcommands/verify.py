"""`serverless-patterns verify`: run the demo.yaml beside a template and fail where it is not as described."""

import argparse
from pathlib import Path

from catalogue.management.terminal.project import add_project_arguments, project_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser)
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as JUnit XML")


def run(options: argparse.Namespace) -> int:
    with project_site(options) as folder:
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import verifying

        try:
            return verifying.verify_project(options, folder)
        except KeyboardInterrupt:
            return 130
