"""`RUN_ON_AWS=1 manage.py run_on_aws`: every pattern on a real account, and a report of what differed."""

import json
import os
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalogue.base.target_names import AWS
from catalogue.labs.aws.report import json_report, markdown_report
from catalogue.labs.aws.trial import Trial, try_pattern
from catalogue.labs.management.own_database import own_database
from catalogue.labs.targets import get_target
from catalogue.patterns.content.pattern import ContentError, Pattern, load_pattern


class Command(BaseCommand):
    help = (
        "Run the steps, levers, comparisons and ledger rows of all patterns on a real AWS account, which costs money."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slugs", nargs="*", help="patterns to run; all if none is named")
        parser.add_argument(
            "--to", type=Path, default=Path(settings.VAR_DIR) / "aws-report", help="the report's folder"
        )
        parser.add_argument("--tests", type=Path, help="JSON with the outcome of ledger tests: {node id: passed}")

    def handle(self, *args: Any, slugs: list[str], to: Path, tests: Path | None, **options: Any) -> None:
        if os.environ.get("RUN_ON_AWS") != "1" or settings.LABS_TARGET != AWS:
            raise CommandError(
                "This deploys to a real AWS account, which costs money: set RUN_ON_AWS=1 and LABS_TARGET=aws, with the "
                "settings of docs/aws.md."
            )
        patterns = [self._load(slug) for slug in slugs or _all_slugs()]
        passed: dict[str, bool] = json.loads(tests.read_text("utf-8")) if tests else {}
        trials: list[Trial] = []
        at, where = datetime.now(UTC), f"AWS in {get_target().region}"
        with own_database():
            for pattern in patterns:
                self.stdout.write(f"{pattern.slug} …")
                trials.append(try_pattern(pattern, passed))
                self.stdout.write("  as expected" if trials[-1].ok else self.style.WARNING("  something differed"))
                write_report(to, trials, at, where)  # after each: a run that is broken off has a report, too
        self.stdout.write(f"The report is in {to / 'report.md'}.")

    def _load(self, slug: str) -> Pattern:
        try:
            pattern = load_pattern(Path(settings.CONTENT_DIR) / slug)
        except ContentError as error:
            raise CommandError(str(error)) from None
        if pattern.demo is None:
            raise CommandError(f"{slug} has no demo.yaml.")
        return pattern


def write_report(to: Path, trials: list[Trial], at: datetime, where: str) -> None:
    """report.md and report.json in this folder."""
    to.mkdir(parents=True, exist_ok=True)
    (to / "report.md").write_text(markdown_report(trials, at, where), "utf-8")
    (to / "report.json").write_text(json.dumps(json_report(trials, at, where), indent=1), "utf-8")


def _all_slugs() -> list[str]:
    return sorted(path.parent.name for path in Path(settings.CONTENT_DIR).glob("*/demo.yaml"))
