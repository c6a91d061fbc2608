"""`manage.py newsletter_loop`: sends the newsletter's outgoing mail until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalogue.newsletter import loop, sender


class Command(BaseCommand):
    help = "Work the queue of outgoing mail off, until SIGTERM or Ctrl-C. Any number may run at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stop.set())
        if options["once"]:
            self.stdout.write(str(sender.send_due(stop.is_set)))
            return
        self.stdout.write("newsletter: watching the queue of outgoing mail")
        self.stdout.flush()
        loop.run(stop)
