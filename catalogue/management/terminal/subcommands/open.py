"""`serverless-patterns open`: draw a template and bring it to life on this machine."""

import argparse
import socket

from catalogue.management.terminal.project import add_project_arguments, project_site
from catalogue.management.terminal.refused import Refused
from catalogue.processes import server

HOST = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_project_arguments(parser)
    parser.add_argument("--port", type=int, default=0, help="the page's port (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--json", action="store_true", help="print one line of JSON when the stack is ready")
    parser.add_argument("--watch", action="store_true", help="update the stack when the template or the code changes")
    parser.add_argument("--draw-only", action="store_true", help="print the arrows and what is not emulated, and end")
    parser.add_argument("--lint", action="store_true", help="with --draw-only: print what cfn-lint finds, too")


def run(options: argparse.Namespace) -> int:
    with (
        _listening(options.port) as listening,
        project_site(options, PORT=str(listening.getsockname()[1])) as folder,
    ):
        # It needs Django, which is set up only now.
        from catalogue.management.terminal.opening import serving

        try:
            return serving.open_project(options, folder, listening)
        except KeyboardInterrupt:
            return 130


def _listening(port: int) -> socket.socket:
    try:
        return server.listen(HOST, port)
    except (OSError, OverflowError) as error:
        raise Refused(f"Port {port} cannot be used: {error}. Choose another one with --port.") from None
