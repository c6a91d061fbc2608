"""`manage.py newsletter_loop`: sends the newsletter's outgoing mail until it is told to stop."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalogue.newsletter.delivery import loop
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.subscribers import requests


class Command(BaseCommand):
    help = "Send the queued mail until SIGTERM or Ctrl-C. Any number of loops can run at the same time."
    requires_system_checks = ("newsletter",)  # mail goes out whatever is wrong with a pattern's content

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="send what is due now, then exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            requests.answer_all()
            self.stdout.write(str(sender.send_due(loop.stop_by_signal().is_set)))
            return
        loop.run_until_stopped(self.say)

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
