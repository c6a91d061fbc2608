"""`manage.py new_pattern <slug>`: a folder for a new pattern, which passes all checks as a draft at once."""

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.patterns.content.starting import CannotStart, start_pattern

NEXT_STEPS = """Made {folder}, a draft that deploys and passes the checks. Now:
  1. Build the pattern in template.yaml and functions/, and draw it in diagram.yaml.
  2. Write the steps a visitor takes in demo.yaml.
  3. Write pattern.md: 900 to 1,800 words in the sections given.
  4. Run `make check` as you go. Each mistake comes with its file, line and remedy.
  5. Set `draft: false` and the day of publication, and add tests/test_{module}.py to the folder."""


class Command(BaseCommand):
    help = "Start a new pattern: a folder with a small, deployable draft."
    # A mistake in some other pattern is no reason not to start a new one.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="lower-case words joined by hyphens: it becomes the address")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        try:
            folder = start_pattern(settings.CONTENT_DIR, slug, datetime.now(UTC).date())
        except CannotStart as error:
            raise CommandError(str(error)) from None
        self.stdout.write(NEXT_STEPS.format(folder=folder, module=slug.replace("-", "_")))
