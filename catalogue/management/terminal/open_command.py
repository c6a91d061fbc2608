"""`serverless-patterns open`: draw a template and bring it to life on this machine."""

import argparse
import json
import secrets
import signal
import socket
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
from catalogue.processes import server

HOST = "127.0.0.1"
_YEARS = str(10 * 365 * 24 * 3600)
"""A lab here lives as long as the command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("template", nargs="?", type=Path, default=Path(), help="a template, or a folder with one")
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template (repeatable)",
    )
    parser.add_argument("--port", type=int, default=0, help="the page's port (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when the stack is ready")
    parser.add_argument("--draw-only", action="store_true", help="print the arrows and what is not emulated, and end")


def run(options: argparse.Namespace) -> int:
    try:
        template = find_template(options.template)
        parameters = samconfig_parameters(template.parent) | given_parameters(options.parameter)
    except (NoTemplate, ValueError) as error:
        raise Refused(str(error)) from None
    listening = _listening(options.port)
    port = listening.getsockname()[1]
    signal.signal(signal.SIGTERM, _end)
    with (
        listening,
        own_site(
            PROJECT_TEMPLATE=str(template),
            PROJECT_PARAMETERS=json.dumps(parameters),
            PROJECT_OWNER=secrets.token_urlsafe(24),
            PORT=str(port),
            LABS_LIFETIME_SECONDS=_YEARS,
            LABS_IDLE_SECONDS=_YEARS,
        ) as folder,
    ):
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import opening

        try:
            return opening.open_project(options, folder, listening)
        except KeyboardInterrupt:
            return 130


def _end(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _listening(port: int) -> socket.socket:
    try:
        return server.listen(HOST, port)
    except (OSError, OverflowError) as error:
        raise Refused(f"Port {port} cannot be used: {error}. Choose another one with --port.") from None
