"""`manage.py stamp_deployments [slug …]`: every API deployment gets the logical id that fits its API."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import pattern_folders
from catalogue.patterns.services.api_gateway.deployments import stamped


class Command(BaseCommand):
    help = "End each deployment's logical id with a hash of its API, so that an updated stack serves the changed API."
    # It repairs what one of the checks finds.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", metavar="slug", help="patterns; all of them if none is named")

    def handle(self, *args: Any, slugs: list[str], **options: Any) -> None:
        folders = {folder.name: folder for folder in pattern_folders(settings.CONTENT_DIR)}
        if unknown := sorted(set(slugs) - folders.keys()):
            raise CommandError(f"There is no pattern {', '.join(unknown)} in {settings.CONTENT_DIR}.")
        for slug in slugs or sorted(folders):
            for name in ("template.yaml", "naive.yaml"):
                path = folders[slug] / name
                if not path.is_file():
                    continue
                text = path.read_text("utf-8")
                try:
                    new = stamped(read_template(path, text))
                except ContentError as error:
                    self.stderr.write(f"{error.where}: {error.message} It is left as it is.")
                    continue
                if new != text:
                    path.write_text(new, "utf-8")
                    self.stdout.write(f"{slug}/{name}: the deployment has a new logical id.")
