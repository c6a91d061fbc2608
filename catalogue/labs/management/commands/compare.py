"""`manage.py compare <slug>`: deploy a pattern and its naive twin, send both the same traffic, print the table."""

import asyncio
import os
import secrets
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.demos.comparisons import services
from catalogue.labs.demos.comparisons.conduct import RunFailed, conduct
from catalogue.labs.demos.comparisons.results.result import SIDES, Json
from catalogue.labs.demos.comparisons.results.table import ComparisonRow, rows
from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services as labs
from catalogue.labs.management.own_database import own_database
from catalogue.labs.models import Status
from catalogue.labs.targets import embedded_url, target_of
from catalogue.patterns.content.pattern import ContentError, Pattern, load_pattern
from catalogue.patterns.content.schemas.comparison import Comparison


class Command(BaseCommand):
    help = "Send the traffic of compare.yaml to a pattern (drafts too) and its naive twin, and show both side by side."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the pattern's folder under patterns_content/")
        parser.add_argument("--runs", type=int, default=1, help="how many times to run it on the same two labs")

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        try:
            pattern = load_pattern(Path(settings.CONTENT_DIR) / slug)
        except ContentError as error:
            raise CommandError(str(error)) from None
        if pattern.compare is None or pattern.naive is None:
            raise CommandError(f"{slug} has no compare.yaml or no naive.yaml.")
        with ExitStack() as stack:
            stack.enter_context(own_database())
            if settings.LABS_TARGET == EMBEDDED and not embedded_url():
                self.stdout.write("Starting an embedded AWS for this run.")
                os.environ["EMBEDDED_AWS_URL"] = stack.enter_context(process.running()).url
            failures = self._compare(pattern, pattern.compare, options["runs"])
        if failures:
            raise CommandError(f"Not as claimed: {'; '.join(failures)}.")
        self.stdout.write(self.style.SUCCESS("Every claim holds."))

    def _compare(self, pattern: Pattern, comparison: Comparison, runs: int) -> list[str]:
        made = services.create_comparison(pattern, secrets.token_hex(8)).comparison
        try:
            both = services.labs_of(made)
            for side, lab in both.items():
                both[side] = labs.wait_until_deployed(lab, target_of(lab).deploy_seconds)
                if both[side].status != Status.READY:
                    raise CommandError(f"The deployment of {side} failed: {both[side].reason}")
            failures: list[str] = []
            for _ in range(runs):
                result = asyncio.run(conduct(both, pattern, settings.LABS_COMPARISON_SECONDS))
                self._show(comparison, result)
                failures += [
                    f"{check['what']} (seen: {check['seen']})" for check in result["claims"] if not check["ok"]
                ]
            return failures
        except RunFailed as error:
            raise CommandError(str(error)) from None
        finally:
            services.delete_comparison(made)

    def _show(self, comparison: Comparison, result: Json) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(f"\nRun {result['run']}, {result['ms'] / 1000:.1f} s"))
        for part in result["parts"]:
            self.stdout.write(f"  {part['title']}")
            for side in SIDES:
                one = part[side]
                said = one.get("left_out") or one.get("cli") or _counts(one["statuses"])
                self.stdout.write(f"    {side:8} from {one['at_ms']:7.0f} ms for {one['ms']:7.0f} ms: {said}")
        self.stdout.write(f"\n  {'':44}{'pattern':>14}{'twin':>14}")
        for row in rows(comparison, result):
            self.stdout.write(_line(row))
        for side in SIDES:
            for what in result["sides"][side]["unsettled"]:
                self.stdout.write(self.style.WARNING(f"  {side} was still working: {what}"))
        for check in result["claims"]:
            mark = self.style.SUCCESS("ok ") if check["ok"] else self.style.ERROR("NOT")
            self.stdout.write(f"  {mark} {check['what']} (seen: {check['seen']})")


def _line(row: ComparisonRow) -> str:
    better = {"pattern": "  pattern better", "naive": "  twin better", None: ""}[row.better]
    return f"  {row.label:44}{row.pattern_text:>14}{row.naive_text:>14}{better}"


def _counts(statuses: dict[str, int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in statuses.items())
