"""`manage.py newsletter_loop`: sends the newsletter's outgoing mail until it is told to stop."""

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.urls import reverse

from catalogue.newsletter import loop, sender


class Command(BaseCommand):
    help = "Work the queue of outgoing mail off, until SIGTERM or Ctrl-C. Any number may run at once."
    requires_system_checks = ("newsletter",)  # mail goes out whatever is wrong with a pattern's content

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: stop.set())
        if options["once"]:
            self.stdout.write(str(sender.send_due(stop.is_set)))
            return
        reverse("newsletter:subscribe")  # loads every view now, not while the first reader waits for a mail
        self.stdout.write("newsletter: watching the queue of outgoing mail")
        self.stdout.flush()
        loop.run(stop)
