"""`manage.py labs_janitor`: the loop that deletes labs whose time is over. May be killed at any moment."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from catalogue.base.backends import faults
from catalogue.labs.lifecycle.cleanup import janitor
from catalogue.observability.health.heartbeats import Heart
from catalogue.processes import heartbeat

logger = logging.getLogger(__name__)

_SWEEP_EVERY_SECONDS = 60.0
_LATE_SECONDS = 90.0
"""A round deletes stacks one after the other, and may take so long."""
_STEP_SECONDS = 30.0
"""From one heartbeat to the next, at most: one wait for AWS (`targets.clients` beats before each) or the database."""


class Command(BaseCommand):
    help = "Delete labs that have ended and what they left behind, until stopped by SIGTERM or Ctrl-C."
    requires_system_checks = ("labs",)  # old labs are deleted whatever is wrong with a pattern's content

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=2.0, help="seconds between two rounds")
        parser.add_argument("--once", action="store_true", help="do one full round, then exit")

    def handle(self, *args: Any, every: float, once: bool, **options: Any) -> None:
        if once:
            janitor.tidy()
            janitor.sweep()
            return
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        heartbeat.allow(_STEP_SECONDS)
        self.stdout.write("ready")
        self.stdout.flush()
        swept = 0.0
        heart = Heart("janitor", _LATE_SECONDS + every)
        while not stop.is_set():
            try:
                close_old_connections()
                janitor.tidy()
                if time.monotonic() - swept >= _SWEEP_EVERY_SECONDS or not swept:
                    janitor.sweep()
                    swept = time.monotonic()
            except Exception as error:
                if faults.is_storage_fault(error):
                    faults.faults.note(error, "the janitor's round")
                else:
                    logger.exception("The janitor's round failed")
            heart.beat()
            heartbeat.wait(stop, every)
        heart.end()
