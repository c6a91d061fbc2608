"""Runs a project's demo on the embedded AWS: each step, then each lever pulled and released. Needs Django."""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

from django.core.management import call_command

from catalogue.labs.demos.levers import LeverRefused, Move, move_lever
from catalogue.labs.demos.runner import StepResult, run_step
from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.verdict import verdict
from catalogue.management.terminal.junit import Case, annotation, document
from catalogue.management.terminal.opening.deploying import deployed, read_opened
from catalogue.management.terminal.opening.saying import say
from catalogue.management.terminal.refused import Refused
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import DEMO
from catalogue.patterns.content.schemas.pattern import Demo, Lever


def verify_project(options: argparse.Namespace, folder: Path) -> int:
    """0 if all is as the demo describes, else 1. Raises Refused."""
    pattern = read_opened()
    if DEMO not in pattern.documents or pattern.demo is None:
        raise Refused(f"There is no {DEMO} in {pattern.folder}: it describes the steps, and what must be seen of each.")
    for line in verdict(pattern).lines():
        say(line)
    call_command("migrate", verbosity=0)
    with (folder / "emulator.log").open("w") as log:
        emulator = process.begin(log=log)
        try:
            os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
            cases = list(_shown(pattern, pattern.demo))
        except process.EmulatorDidNotStart as error:
            raise Refused(str(error)) from None
        finally:
            process.stop(emulator)
    if options.junit is not None:
        options.junit.write_text(document(pattern.slug, cases), "utf-8")
    failed = [case for case in cases if case.failures]
    print(f"{len(cases) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


def _shown(pattern: Pattern, demo: Demo) -> Iterator[Case]:
    """Each case, printed as soon as it is known."""
    file = pattern.folder / DEMO
    for case in _cases(pattern, demo):
        print(f"{'not ok' if case.failures else 'ok'}  {case.name} ({case.seconds:.2f} s)", flush=True)
        for failure in case.failures:
            print(f"        {failure}", flush=True)
        if case.failures and os.environ.get("GITHUB_ACTIONS") == "true":
            print(annotation(os.path.relpath(file), case), flush=True)
        yield case


def _cases(pattern: Pattern, demo: Demo) -> Iterator[Case]:
    began = time.monotonic()
    lab = deployed(pattern)
    reasons = () if lab.status == Status.READY else (lab.reason,)
    yield Case("deploy", "The stack is created", time.monotonic() - began, reasons)
    if reasons:
        return
    for number, step in enumerate(demo.steps):
        began = time.monotonic()
        result = run_step(lab, step, lab.saved)
        services.save_variables(lab, result.saved)
        line = pattern.line(DEMO, "steps", number)
        yield Case(step.id, step.title, time.monotonic() - began, _failures(result), line)
    for number, lever in enumerate(demo.levers):
        began = time.monotonic()
        failures = tuple(_moved(lab, lever))
        yield Case(lever.id, lever.title, time.monotonic() - began, failures, pattern.line(DEMO, "levers", number))


def _moved(lab: Lab, lever: Lever) -> Iterator[str]:
    """What is not as a lever describes."""
    moves: tuple[Move, ...] = ("pull", "try", "release", "try") if lever.release else ("pull",)
    for move in moves:
        try:
            outcome = move_lever(lab, lever, move)
        except LeverRefused as refused:
            yield f"{move}: {refused}"
            return
        if not outcome.ok:
            found = _failures(outcome.trial) if outcome.trial is not None else ()
            yield from (f"{move}: {failure}" for failure in found or (outcome.says,))


def _failures(result: StepResult) -> tuple[str, ...]:
    return tuple(f"{check.what} (seen: {check.seen})" for check in result.checks if not check.ok)
