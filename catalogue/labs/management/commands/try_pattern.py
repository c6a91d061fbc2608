"""`manage.py try_pattern <slug>`: deploy a pattern, take its demo's steps, move its levers, show it all, clean up."""

import os
import secrets
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.demos.levers import LeverRefused, Move, move_lever
from catalogue.labs.demos.runner import StepResult, run_step
from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import embedded_url, target_of
from catalogue.labs.watching.log_tail import LogTail
from catalogue.labs.watching.trace import Event, LogReader
from catalogue.patterns.content.pattern import ContentError, Pattern, load_pattern
from catalogue.patterns.content.schemas.pattern import Lever

_MOST_ANSWERS = 5


class Command(BaseCommand):
    help = "Deploy a pattern (drafts too), run its steps and levers, and show answers, checks and log lines."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the pattern's folder under patterns_content/")
        parser.add_argument("--step", action="append", default=[], help="run only this step (repeatable)")
        parser.add_argument("--lever", action="append", default=[], help="move only this lever (repeatable)")
        parser.add_argument("--variant", choices=("pattern", "naive"), default="pattern")
        parser.add_argument("--logs", action="store_true", help="also show the log lines of steps that passed")
        parser.add_argument(
            "--deploy-only", action="store_true", help="deploy, print the endpoint's address, and delete"
        )

    def handle(self, *args: Any, slug: str, **options: Any) -> None:
        try:
            pattern = load_pattern(Path(settings.CONTENT_DIR) / slug)
        except ContentError as error:
            raise CommandError(str(error)) from None
        if pattern.demo is None and not options["deploy_only"]:
            raise CommandError(f"{slug} has no demo.yaml.")
        with ExitStack() as stack:
            stack.enter_context(database_in_memory())
            if settings.LABS_TARGET == EMBEDDED and not embedded_url():
                self.stdout.write("Starting an embedded AWS for this run.")
                os.environ["EMBEDDED_AWS_URL"] = stack.enter_context(process.running()).url
            created = services.create_lab(pattern, secrets.token_hex(8), options["variant"])
            try:
                lab = services.wait_until_deployed(created.lab, target_of(created.lab).deploy_seconds)
                failures = self._try(lab, pattern, options)
            finally:
                services.delete_lab(created.lab)
        if failures:
            raise CommandError(f"Not as expected: {', '.join(failures)}.")
        self.stdout.write(self.style.SUCCESS("Every step passed."))

    def _try(self, lab: Lab, pattern: Pattern, options: dict[str, Any]) -> list[str]:
        if lab.status != Status.READY:
            raise CommandError(f"The deployment failed: {lab.reason}")
        took = (lab.ready_at - lab.created_at).total_seconds() if lab.ready_at else 0
        self.stdout.write(
            f"Deployed {len(lab.resources)} resources in {took:.2f} s; behind the endpoint: {lab.upstream}"
        )
        if options["deploy_only"] or pattern.demo is None:
            return []
        failures: list[str] = []
        tail = LogTail(int(lab.created_at.timestamp() * 1000))
        for step in pattern.demo.steps:
            if (options["step"] or options["lever"]) and step.id not in options["step"]:
                continue
            self.stdout.write(self.style.MIGRATE_HEADING(f"\n{step.id}: {step.title}"))
            result = run_step(lab, step, lab.saved)
            services.save_variables(lab, result.saved)
            self._show(result)
            if not result.ok:
                failures.append(step.id)
            lines = tail.read(target_of(lab), resources_of(lab))
            if options["logs"] or not result.ok:
                self._show_events(LogReader().read(lines))
        if options["variant"] == "pattern":
            failures += self._move(lab, pattern.demo.levers, options)
        return failures

    def _move(self, lab: Lab, levers: tuple[Lever, ...], options: dict[str, Any]) -> Iterator[str]:
        """Pull every chosen lever, look, release it, look; gives the ids of those that were not as they say."""
        for lever in levers:
            if (options["step"] or options["lever"]) and lever.id not in options["lever"]:
                continue
            moves: tuple[Move, ...] = ("pull", "try", "release", "try") if lever.release else ("pull",)
            for move in moves:
                self.stdout.write(self.style.MIGRATE_HEADING(f"\n{lever.id}: {move}"))
                try:
                    outcome = move_lever(lab, lever, move)
                except LeverRefused as refused:
                    self.stdout.write(self.style.ERROR(f"  {refused}"))
                    yield lever.id
                    break
                self.stdout.write(f"  {outcome.cli or outcome.says}")
                if outcome.trial is not None:
                    self._show(outcome.trial)
                if not outcome.ok:
                    yield f"{lever.id} ({move})"

    def _show(self, result: StepResult) -> None:
        for answer in result.answers[:_MOST_ANSWERS]:
            self.stdout.write(_line(answer))
        if len(result.answers) > _MOST_ANSWERS:
            statuses = sorted(answer.status for answer in result.answers)
            slowest = max(answer.ms for answer in result.answers)
            self.stdout.write(f"  … {len(statuses)} answers in all: {statuses}, the slowest {slowest:.0f} ms")
        if result.cli:
            self.stdout.write(f"  {result.cli}")
        for name, value in result.saved.items():
            self.stdout.write(f"  saved {name} = {value}")
        for check in result.checks:
            mark = self.style.SUCCESS("ok ") if check.ok else self.style.ERROR("NOT")
            self.stdout.write(f"  {mark} {check.what} (seen: {check.seen})")

    def _show_events(self, events: Iterable[Event]) -> None:
        for event in events:
            data = event.data
            if event.kind == "invocation":
                cold = f", cold start {data['init_ms']:.0f} ms" if data["cold"] else ""
                self.stdout.write(
                    f"    | {data['function']} ran {data['ms']:.1f} ms{cold}{', failed' if data['error'] else ''}"
                )
            else:
                said = str(data.get("json") or data.get("message")).replace("\n", "\n    |   ")
                self.stdout.write(f"    | {data['function']}: {said}")


def _line(answer: StepAnswer) -> str:
    body = answer.body if len(answer.body) <= 500 else answer.body[:500] + "…"
    shown = ("location", "retry-after", "content-type", "x-cache", "allow", "www-authenticate")
    headers = ", ".join(f"{name}: {answer.headers[name]}" for name in shown if name in answer.headers)
    return f"  {answer.status} in {answer.ms:.1f} ms  [{headers}]  {body}"


class database_in_memory:
    """A database of this run's own, so that trying a pattern touches no running site's labs."""

    def __enter__(self) -> None:
        from django.test.utils import setup_databases

        self._old = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])

    def __exit__(self, *args: object) -> None:
        from django.test.utils import teardown_databases

        connection.close()
        teardown_databases(self._old, verbosity=0)
