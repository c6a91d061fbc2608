"""What the subcommands that take a template have in common: their arguments, and a site for that template."""

import argparse
import json
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.site import own_site
from catalogue.patterns.content.projects.finding import (
    NoTemplate,
    find_template,
    given_parameters,
    samconfig_parameters,
)

_YEARS = str(10 * 365 * 24 * 3600)
"""A lab here lives as long as the command."""


def add_project_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", nargs="?", type=Path, default=Path(), help="a template, or a folder with one")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template (repeatable)",
    )


def parameters_of(options: argparse.Namespace) -> dict[str, str]:
    """The parameters that are given for the template, as they are now. Raises NoTemplate, ValueError."""
    folder = find_template(options.template).parent
    return samconfig_parameters(folder) | given_parameters(options.parameter)


@contextmanager
def project_site(options: argparse.Namespace, **settings: str) -> Iterator[Path]:
    """Django set up for the template that the options name. The block gets its VAR_DIR. SIGTERM ends it as Ctrl-C does.

    Raises Refused.
    """
    try:
        template = find_template(options.template)
        parameters = parameters_of(options)
    except (NoTemplate, ValueError) as error:
        raise Refused(str(error)) from None
    signal.signal(signal.SIGTERM, _end)
    with own_site(
        PROJECT_TEMPLATE=str(template),
        PROJECT_PARAMETERS=json.dumps(parameters),
        PROJECT_OWNER=secrets.token_urlsafe(24),
        LABS_LIFETIME_SECONDS=_YEARS,
        LABS_IDLE_SECONDS=_YEARS,
        LABS_EMULATOR_MEMORY_MB="0",  # an emulator that starts again would lose the stack
        **settings,
    ) as folder:
        yield folder


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
