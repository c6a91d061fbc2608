"""What the site's processes are made of: imported once by `manage.py up`, whose copies they are."""

import socket
import sys
from collections.abc import Sequence
from importlib import import_module

from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.template.loader import get_template
from django.urls import get_resolver

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.targets import places, target_at
from catalogue.observability.loading import load
from catalogue.observability.prometheus import metric_files, metrics
from catalogue.processes import copies, server
from catalogue.processes.start_errors import one_line_errors

_MODULES = (
    "aiohttp",
    "boto3",
    "catalogue.labs.management.commands.labs_janitor",
    "catalogue.newsletter.management.commands.newsletter_loop",
    "catalogue.pages.management.commands.build",
    "catalogue.pages.serving.logged_protocol",
    "catalogue.urls",
    "email_validator",
    "uvicorn",
    "uvloop",
)
_TEMPLATES = ("patterns/home.html", "patterns/detail.html", "labs/detail.html")
"""They extend and include most others."""
_CLIENTS = ("cloudformation", "logs", "s3")
"""What every deployment and every round of the janitor calls."""


def preload() -> set[int]:
    """Import what web processes and loops need. Returns the descriptors of the files that were opened for it.

    `preload_site` does the rest, once static files are where the site serves them from.
    """
    before = copies.open_descriptors()
    for name in _MODULES:
        import_module(name)
    load()
    get_resolver().url_patterns  # noqa: B018  (every view)
    for name in _TEMPLATES:
        get_template(name)
    if settings.LABS_TARGET == EMBEDDED:
        for place in places():
            for service in _CLIENTS:
                target_at(place).client(service)
    return copies.open_descriptors() - before


def preload_site() -> set[int]:
    """Make the site's application, which reads the list of static files. Returns the descriptors that it opened."""
    before = copies.open_descriptors()
    import_module("catalogue.asgi")
    copies.freeze()
    return copies.open_descriptors() - before


def serve(listening: socket.socket) -> None:
    """A web process, as a copy."""
    _count_alone()
    server.serve(listening)


def command(words: Sequence[str]) -> None:
    """A management command, as a copy. Raises SystemExit."""
    _count_alone()
    name = words[0]
    with one_line_errors():
        load_command_class(get_commands()[name], name).run_from_argv([sys.argv[0], *words])


def _count_alone() -> None:
    """Let this copy's metrics go to files of its own from the start, in the place of the supervisor's."""
    metric_files.reserve()
    metrics.streams.inc(0)  # prometheus_client changes files at the first use by another process
