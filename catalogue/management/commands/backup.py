"""`manage.py backup FOLDER`: a checked copy of the database, taken while the site runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand

from catalogue.base import backups


class Command(BaseCommand):
    help = "Write a checked copy of the database to a folder. The site can keep running."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--keep", type=int, default=14, help="how many backups to keep there (default: 14)")

    def handle(self, *args: Any, folder: Path, keep: int, **options: Any) -> None:
        if keep < 1:
            raise CommandError("--keep: write 1 or more.")
        try:
            file = backups.take(folder, keep)
        except backups.BackupFailed as failure:
            raise CommandError(str(failure)) from None
        self.stdout.write(f"{file} ({file.stat().st_size:,} bytes)")
