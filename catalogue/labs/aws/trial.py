"""Takes everything that a pattern promises on whatever target is configured: steps, levers, comparison, ledger rows.

`manage.py run_on_aws` runs it on a real account. Nothing here knows AWS, so tests run the same on the embedded AWS.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from catalogue.labs.demos.comparisons import services as comparisons
from catalogue.labs.demos.comparisons.conduct import RunFailed, conduct
from catalogue.labs.demos.expectations import Check
from catalogue.labs.demos.levers import LeverRefused, Move, move_lever
from catalogue.labs.demos.runner import run_step
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Lever

type Kind = Literal["deployment", "step", "lever", "comparison"]
type Verdict = Literal["same", "differs", "differs as documented", "not taken"]


@dataclass(frozen=True)
class Outcome:
    """One thing that was tried, and what was seen where it was not as the embedded AWS shows it."""

    kind: Kind
    id: str
    ok: bool
    ms: float = 0
    unmet: tuple[str, ...] = ()
    """`what had to be seen: what was seen`, for each check that was not met."""
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True)
class RowOutcome:
    """A row of the ledger, judged by the steps, levers and tests that prove it."""

    id: str
    verdict: Verdict
    by: tuple[str, ...]
    """What failed of them, or why nothing was taken."""


@dataclass(frozen=True)
class Trial:
    pattern: str
    outcomes: tuple[Outcome, ...] = ()
    rows: tuple[RowOutcome, ...] = ()

    @property
    def ok(self) -> bool:
        return all(outcome.ok for outcome in self.outcomes) and all(row.verdict != "differs" for row in self.rows)

    def document(self) -> dict[str, Any]:
        return {"ok": self.ok} | asdict(self)


def try_pattern(pattern: Pattern, tests: Mapping[str, bool] | None = None) -> Trial:
    """Everything of one pattern, on stacks of its own that are deleted afterward. Never raises for what goes wrong.

    `tests` says which tests that carry a ledger's mark were taken on the same target, and whether they passed.
    """
    found: list[Outcome] = []
    try:
        found += _on_a_lab(pattern)
    except (LimitReached, TargetDown, ClientError, BotoCoreError) as error:
        found.append(Outcome("deployment", "pattern", False, unmet=(str(error),)))
    if pattern.compare is not None:
        found.append(_comparison(pattern))
    return Trial(pattern.slug, tuple(found), tuple(judge_rows(pattern, found, tests or {})))


def _on_a_lab(pattern: Pattern) -> Iterator[Outcome]:
    assert pattern.demo is not None
    created = services.create_lab(pattern, secrets.token_hex(8), exclusive=True)
    try:
        lab = services.wait_until_deployed(created.lab, target_of(created.lab).deploy_seconds)
        if lab.status != Status.READY or lab.ready_at is None:
            yield Outcome("deployment", "pattern", False, unmet=(lab.reason or "It was not ready in time.",))
            return
        took = (lab.ready_at - lab.created_at).total_seconds() * 1000
        yield Outcome("deployment", "pattern", True, ms=round(took))
        for step in pattern.demo.steps:
            result = run_step(lab, step, lab.saved)
            services.save_variables(lab, result.saved)
            statuses = tuple(answer.status for answer in result.answers)
            yield Outcome("step", step.id, result.ok, result.ms, _unmet(result.checks), statuses)
        for lever in pattern.demo.levers:
            yield _lever(lab, lever)
    finally:
        services.delete_lab(created.lab)


def _lever(lab: Lab, lever: Lever) -> Outcome:
    moves: tuple[Move, ...] = ("pull", "try", "release", "try") if lever.release else ("pull",)
    unmet: list[str] = []
    for move in moves:
        try:
            outcome = move_lever(lab, lever, move)
        except LeverRefused as refused:
            unmet.append(f"{move}: {refused}")
            break
        if outcome.trial is not None:
            unmet += [f"{move}: {text}" for text in _unmet(outcome.trial.checks)]
    return Outcome("lever", lever.id, not unmet, unmet=tuple(unmet))


def _comparison(pattern: Pattern) -> Outcome:
    try:
        made = comparisons.create_comparison(pattern, secrets.token_hex(8)).comparison
    except (LimitReached, TargetDown, ClientError, BotoCoreError) as error:
        return Outcome("comparison", "compare", False, unmet=(str(error),))
    try:
        both = comparisons.labs_of(made)
        for side, lab in both.items():
            both[side] = services.wait_until_deployed(lab, target_of(lab).deploy_seconds)
            if both[side].status != Status.READY:
                return Outcome("comparison", "compare", False, unmet=(f"{side}: {both[side].reason}",))
        result = asyncio.run(conduct(both, pattern, settings.LABS_COMPARISON_SECONDS))
        unmet = tuple(f"{claim['what']}: {claim['seen']}" for claim in result["claims"] if not claim["ok"])
        return Outcome("comparison", "compare", not unmet, round(float(result["ms"])), unmet)
    except RunFailed as error:
        return Outcome("comparison", "compare", False, unmet=(str(error),))
    finally:
        comparisons.delete_comparison(made)


def judge_rows(pattern: Pattern, outcomes: Iterable[Outcome], tests: Mapping[str, bool]) -> Iterator[RowOutcome]:
    """Each row of the ledger by what proves it. Pure.

    A row whose assertion fails on AWS and that names a difference is what the ledger says; one that names none is news.
    """
    if pattern.ledger is None:
        return
    taken = {(outcome.kind, outcome.id): outcome.ok for outcome in outcomes}
    for row in pattern.ledger.rows:
        proofs: dict[str, bool | None] = {}
        proofs |= {f"step {id}": taken.get(("step", id)) for id in row.proof.steps}
        proofs |= {f"lever {id}": taken.get(("lever", id)) for id in row.proof.levers}
        proofs |= {name: tests.get(name) for name in row.proof.tests}
        failed = tuple(name for name, ok in proofs.items() if ok is False)
        if failed:
            yield RowOutcome(row.id, "differs as documented" if row.difference else "differs", failed)
        elif any(ok is None for ok in proofs.values()):
            yield RowOutcome(row.id, "not taken", tuple(name for name, ok in proofs.items() if ok is None))
        else:
            yield RowOutcome(row.id, "same", ())


def _unmet(checks: Iterable[Check]) -> tuple[str, ...]:
    return tuple(f"{check.what}: {check.seen}" for check in checks if not check.ok)
