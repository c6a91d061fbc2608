"""`manage.py restore FILE`: put a backup back, with nothing mailed twice because of it."""

import fcntl
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand

from catalogue.base import backups
from catalogue.newsletter.mail import updates
from catalogue.newsletter.models import Update
from catalogue.observability.health import heartbeats


class Command(BaseCommand):
    help = "Replace the database with a backup. Stop the site first."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")

    def handle(self, *args: Any, file: Path, yes: bool, **options: Any) -> None:
        name = settings.DATABASES["default"]["NAME"]
        if not yes and input(f"Replace everything in {name} with {file}? [y/N] ").strip().lower() != "y":
            raise CommandError("Nothing was changed.")
        with site_stopped():
            try:
                backups.restore(file)
            except backups.BackupFailed as failure:
                raise CommandError(str(failure)) from None
            if newer := backups.unknown_migrations():
                raise CommandError(
                    f"The backup is of a newer release (it has {', '.join(newer)}): run that release instead."
                )
            call_command("migrate", verbosity=0)
            heartbeats.forget_all()
            paused = pause_what_was_being_sent()
        self.stdout.write(f"{file.name} is restored.")
        for update in paused:
            self.stdout.write(
                f"Paused: {update.subject}. It may have been sent after the backup was taken. "
                "Resume it only if it was not. Otherwise cancel it."
            )


def pause_what_was_being_sent() -> list[Update]:
    """Pause each update that was going out when the backup was taken: its recipients may have it by now."""
    sending = list(Update.objects.filter(state=Update.State.SENDING))
    for update in sending:
        updates.pause(update)
    return sending


@contextmanager
def site_stopped() -> Iterator[None]:
    """Hold the lock that `manage.py up` holds while it runs.

    Raises CommandError if it does, and while another instance works on the same database: its lock is elsewhere.
    """
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.VAR_DIR / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"`manage.py up` runs on {settings.VAR_DIR}: stop it first.") from None
        if working := heartbeats.living():
            raise CommandError(
                f"Another instance works on this database ({'; '.join(working)}): stop every instance first. "
                "One that was killed counts as running for up to two minutes."
            )
        yield
