"""`manage.py drain`: this instance takes no new labs, and ends once those that it has are over."""

import os
import signal
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from catalogue.labs.lifecycle.instance import instance_id, running_process
from catalogue.labs.targets import emulators
from catalogue.labs.targets.emulators.services import set_draining

_EVERY_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Stop new labs from starting on this instance's emulator (or on the given ones), to upgrade without downtime."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "emulators", nargs="*", help="addresses of LABS_ENDPOINTS; default: the one of this VAR_DIR"
        )
        parser.add_argument("--undo", action="store_true", help="start new labs again")
        parser.add_argument(
            "--wait", type=float, default=0, metavar="SECONDS", help="wait until the last lab has ended"
        )
        parser.add_argument("--stop", action="store_true", help="then end the `manage.py up` of this VAR_DIR")

    def handle(self, *args: Any, undo: bool, wait: float, stop: bool, **options: Any) -> None:
        keys = [url.rstrip("/") for url in options["emulators"]] or [instance_id()]
        if stop and undo:
            raise CommandError("--undo starts new labs again. It cannot be combined with --wait or --stop.")
        running = running_process()
        if stop and running is None:
            raise CommandError("No `manage.py up` runs on this VAR_DIR, so there is nothing to stop.")
        set_draining(keys, not undo)
        if undo:
            self.stdout.write("New labs start again.")
            return
        left = self._wait(keys, wait)
        self.stdout.write(f"No new labs start. Labs left: {left}." if left else "No new labs start. No lab is left.")
        if stop and running is not None:
            os.kill(running, signal.SIGTERM)
            self.stdout.write(f"Ending process {running}.")

    def _wait(self, keys: list[str], seconds: float) -> int:
        """Wait until no lab is left or the time is up. Returns how many are left."""
        deadline = time.monotonic() + seconds
        while (left := emulators.live_labs(keys)) and time.monotonic() < deadline:
            connection.close()  # a wait of half an hour holds no connection
            time.sleep(min(_EVERY_SECONDS, max(0.0, deadline - time.monotonic())))
        return left
