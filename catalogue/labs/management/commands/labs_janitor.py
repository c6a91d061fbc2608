"""`manage.py labs_janitor`: the loop that deletes labs whose time is over. May be killed at any moment."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from catalogue.labs import janitor

logger = logging.getLogger(__name__)

_SWEEP_EVERY_SECONDS = 60.0


class Command(BaseCommand):
    help = "Delete labs that are over, and what they left behind; runs until it is told to stop."
    requires_system_checks = ("labs",)  # old labs are deleted whatever is wrong with a pattern's content

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two rounds")
        parser.add_argument("--once", action="store_true", help="one full round, then end")

    def handle(self, *args: Any, every: float, once: bool, **options: Any) -> None:
        if once:
            janitor.tidy()
            janitor.sweep()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("ready")
        self.stdout.flush()
        swept = 0.0
        while not stop.is_set():
            try:
                close_old_connections()
                janitor.tidy()
                if time.monotonic() - swept >= _SWEEP_EVERY_SECONDS or not swept:
                    janitor.sweep()
                    swept = time.monotonic()
            except DatabaseError as error:
                logger.warning("The janitor's round was broken off: %s", error)
            except Exception:
                logger.exception("The janitor's round failed")
            stop.wait(every)
