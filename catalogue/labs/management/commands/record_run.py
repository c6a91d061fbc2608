"""`manage.py record_run [slug ...]`: take a pattern's demo on a real lab and keep what was seen with it."""

import os
import secrets
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.demos.runs.taking import take_demo
from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.management.commands.try_pattern import database_in_memory
from catalogue.labs.models import Status
from catalogue.labs.targets import embedded_url, target_of
from catalogue.patterns.content.checks import recorded
from catalogue.patterns.content.pattern import ContentError, Pattern, load_pattern, read_patterns
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import RECORDED, recorded_text


class Command(BaseCommand):
    help = (
        "Deploy each named pattern, run its whole demo and write recorded.json. Without names: the patterns whose "
        "recorded run is missing or out of date."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", help="folders under patterns_content/")
        parser.add_argument(
            "--all",
            action="store_true",
            help="record every published pattern that has a demo, even if its recording is up to date",
        )
        parser.add_argument(
            "--check", action="store_true", help="record nothing; fail if a recorded run is out of date"
        )

    def handle(self, *args: Any, slugs: list[str], **options: Any) -> None:
        patterns = self._named(slugs) if slugs else self._published()
        if options["check"]:
            self._check(patterns)
            return
        if not slugs and not options["all"]:
            patterns = [pattern for pattern in patterns if list(recorded.check(pattern))]
        failed = self._record(patterns)
        if failed:
            raise CommandError(f"Not recorded: {', '.join(failed)}.")

    def _named(self, slugs: list[str]) -> list[Pattern]:
        try:
            patterns = [load_pattern(Path(settings.CONTENT_DIR) / slug) for slug in slugs]
        except ContentError as error:
            raise CommandError(str(error)) from None
        if without := [pattern.slug for pattern in patterns if pattern.demo is None]:
            raise CommandError(f"There is no demo.yaml, so there is nothing to record: {', '.join(without)}.")
        return patterns

    def _published(self) -> list[Pattern]:
        patterns, _ = read_patterns(settings.CONTENT_DIR)
        return [pattern for pattern in patterns if pattern.demo is not None and not pattern.front.draft]

    def _check(self, patterns: list[Pattern]) -> None:
        mistakes = [mistake for pattern in patterns for mistake in recorded.check(pattern)]
        for mistake in mistakes:
            self.stdout.write(str(mistake))
        if mistakes:
            raise CommandError(f"{len(mistakes)} recorded runs are out of date.")
        self.stdout.write(self.style.SUCCESS(f"{len(patterns)} recorded runs are up to date."))

    def _record(self, patterns: list[Pattern]) -> list[str]:
        if not patterns:
            self.stdout.write("Every recorded run is up to date.")
            return []
        failed = []
        with ExitStack() as stack:
            stack.enter_context(database_in_memory())
            if settings.LABS_TARGET == EMBEDDED and not embedded_url():
                os.environ["EMBEDDED_AWS_URL"] = stack.enter_context(process.running()).url
                stack.callback(os.environ.pop, "EMBEDDED_AWS_URL", None)
            for pattern in patterns:
                run = self._run(pattern)
                if run is None:
                    failed.append(pattern.slug)
                    continue
                file = pattern.folder / RECORDED
                file.write_text(recorded_text(run), "utf-8")
                left_out = sum(part.count for part in run.left_out)
                self.stdout.write(
                    f"{pattern.slug}: {len(run.actions)} steps, {len(run.events)} events"
                    f"{f' ({left_out} more only counted)' if left_out else ''}, {run.ms / 1000:.1f} s, "
                    f"{file.stat().st_size / 1000:.1f} kB"
                )
        return failed

    def _run(self, pattern: Pattern) -> Run | None:
        """The run, or None if the demo did not go as it says: what is wrong is not shown to readers as how it works."""
        created = services.create_lab(pattern, secrets.token_hex(8))
        try:
            lab = services.wait_until_deployed(created.lab, target_of(created.lab).deploy_seconds)
            if lab.status != Status.READY:
                self.stderr.write(f"{pattern.slug}: the deployment failed: {lab.reason}")
                return None
            run, results = take_demo(lab, pattern)
        finally:
            services.delete_lab(created.lab)
        for result in results:
            for check in result.checks:
                if not check.ok:
                    self.stderr.write(f"{pattern.slug}, {result.step}: expected {check.what}, saw {check.seen}")
        return run if all(result.ok for result in results) else None
