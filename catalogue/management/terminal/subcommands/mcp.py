"""`serverless-patterns mcp`: serve the catalogue and its labs to an assistant, by the Model Context Protocol."""

import argparse
import signal
from importlib.util import find_spec

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.site import own_site
from catalogue.processes import server

HOST = "127.0.0.1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=0, help="the port of the labs' pages (default: a free one)")


def run(options: argparse.Namespace) -> int:
    if find_spec("mcp") is None:
        raise Refused("The package mcp is not installed: pip install 'serverless-patterns[mcp]'.")
    try:
        listening = server.listen(HOST, options.port)
    except (OSError, OverflowError) as error:
        raise Refused(f"Port {options.port} cannot be used: {error}. Choose another one with --port.") from None
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with listening, own_site(PORT=str(listening.getsockname()[1])) as folder:
        # It needs Django, which is set up only now.
        from catalogue.management.terminal import assisting

        try:
            return assisting.serve_assistant(folder, listening)
        except KeyboardInterrupt:
            return 130
