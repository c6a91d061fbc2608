"""`manage.py emulator`: an embedded AWS alone, for the LABS_ENDPOINTS of sites on this or other machines."""

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from catalogue.base.var_folder import make_private
from catalogue.labs.embedded import process

PORT = 4566


class Command(BaseCommand):
    help = (
        "Run an embedded AWS by itself, until SIGTERM. It needs the sites' SECRET_KEY and a VAR_DIR of its own. "
        "The network between it and the sites must be private."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=PORT, help="0 takes a free one (default: %(default)s)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        make_private(settings.VAR_DIR)
        command = process.command(port, host)
        os.chdir(settings.BASE_DIR)
        os.execv(command[0], command)  # noqa: S606  (our own interpreter and module)
