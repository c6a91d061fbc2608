"""Runs one step of a demo: through the lab's own endpoint, then comparing what is seen with what the demo says.

Requests go through the edge's ASGI application in this process, so that a step in a test, on the page and from a
terminal all take the same way, with the same limits.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import async_to_sync
from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs import expectations, gauges, operations
from catalogue.labs.database import in_database
from catalogue.labs.edge import edge_in_use
from catalogue.labs.edge_client import call_edge
from catalogue.labs.expectations import Answer, Check, UnknownVariable
from catalogue.labs.models import Lab
from catalogue.labs.operations import OperationFailed
from catalogue.labs.services import resources_of
from catalogue.labs.targets import Resource, Target, get_target
from catalogue.patterns.schema import Observe, Request, Step

_SETTLE_SECONDS = 0.3
_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 0.3
"""What has been waited for for a while is looked for less often: each look costs the machine that works on it."""


@dataclass(frozen=True)
class StepResult:
    step: str
    answers: tuple[Answer, ...] = ()
    checks: tuple[Check, ...] = ()
    saved: dict[str, Any] = field(default_factory=dict)
    cli: str | None = None
    """The AWS CLI command that does the same as the step's operation."""
    at: float = 0
    """When the deed began, after its wait; Unix seconds."""
    ms: float = 0
    """How long the deed itself took, in milliseconds, without what was watched for after it."""

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def run_step(lab: Lab, step: Step, variables: Mapping[str, Any]) -> StepResult:
    """`arun_step` for synchronous code."""

    async def run() -> StepResult:
        async with edge_in_use():
            return await arun_step(lab, step, variables)

    return async_to_sync(run)()


async def arun_step(lab: Lab, step: Step, variables: Mapping[str, Any], *, since: float | None = None) -> StepResult:
    """Take the step on a ready lab. What goes wrong is a check that is not ok, never an exception.

    Invocations and log lines count from the deed's beginning, or from `since` (Unix seconds).
    """
    target = get_target()
    resources = resources_of(lab)
    if step.wait:
        await asyncio.sleep(step.wait)
    at, began = time.time(), time.perf_counter()
    since_ms = int((at if since is None else since) * 1000)
    answers: tuple[Answer, ...] = ()
    cli: str | None = None
    checks: list[Check] = []
    expect = step.expect
    try:
        expect = expectations.filled(step.expect, variables)
        if step.request is not None:
            answers = await send(lab, step.request, variables)
        elif step.operation is not None:
            stack = operations.Stack(target, resources)
            cli = await in_database(operations.perform, stack, step.operation)
    except UnknownVariable as error:
        checks.append(Check(f"an earlier step has saved {error.args[0]}", False, "nothing: take the steps in order"))
    except (OperationFailed, ClientError, BotoCoreError) as error:
        checks.append(Check("AWS performs the operation", False, str(error)))
    ms = round((time.perf_counter() - began) * 1000, 3)
    if checks:
        return StepResult(step.id, answers, tuple(checks), {}, cli, at, ms)

    checks += expectations.check_answers(expect, answers)
    saved: dict[str, Any] = {}
    try:
        saved = expectations.saved_values(step.save, answers[-1]) if answers else {}
    except KeyError as error:
        checks.append(Check(f"the answer has {error.args[0]}", False, "nothing"))
    try:
        # What to look for in a log is often what this very answer brought.
        texts = [expectations.fill(observe.text, {**variables, **saved}) for observe in step.observe]
    except UnknownVariable as error:
        checks.append(
            Check(
                f"this or an earlier step has saved {error.args[0]}",
                False,
                "nothing: take the steps in order",
            )
        )
        return StepResult(step.id, answers, tuple(checks), saved, cli, at, ms)
    observed = [
        watch_for(target, resources, observe.model_copy(update={"text": text}), since_ms)
        for observe, text in zip(step.observe, texts, strict=True)
    ]
    checks += await asyncio.gather(*observed)
    return StepResult(step.id, answers, tuple(checks), saved, cli, at, ms)


async def send(lab: Lab, request: Request, variables: Mapping[str, Any]) -> tuple[Answer, ...]:
    """All calls of a request, in the order of their numbers, at most `at_once` in flight."""
    turns = asyncio.Semaphore(request.at_once)
    known = {"uuid": lambda: str(uuid.uuid4()), "now": lambda: int(time.time()), **variables}

    async def one(number: int) -> Answer:
        own = {**known, "n": number}
        async with turns:
            return await call_edge(
                lab.pk,
                request.method,
                expectations.fill(request.path, own),
                expectations.fill(request.headers, own),
                expectations.fill(request.json_body, own),
                expectations.fill(request.text, own),
            )

    return tuple(await asyncio.gather(*(one(number) for number in range(1, request.times + 1))))


async def watch_for(target: Target, resources: Mapping[str, Resource], observe: Observe, since_ms: int) -> Check:
    """Wait until the measure is as it must be, at most `within` seconds; one that could grow must hold a moment."""
    what = expectations.in_words(observe)
    resource = resources.get(observe.resource)
    if resource is None:
        return Check(what, False, "the stack has no such resource")
    deadline = time.monotonic() + max(observe.within, target.log_delay_ms / 1000)
    right_since: float | None = None
    seen, pause = "nothing", _POLL_SECONDS
    while True:
        try:
            value = await in_database(_measure, target, resource, observe, since_ms)
        except (ClientError, BotoCoreError) as error:
            return Check(what, False, str(error))
        now, seen = time.monotonic(), str(value)
        if not expectations.within_bounds(observe, value):
            right_since = None
        elif right_since is None:
            right_since = now
        if right_since is not None and (
            not expectations.may_still_grow(observe) or now - right_since >= _SETTLE_SECONDS
        ):
            return Check(what, True, seen)
        if now >= deadline and right_since is None:
            return Check(what, False, f"{seen} after {observe.within:g} s")
        await asyncio.sleep(_POLL_SECONDS if right_since is not None else pause)
        pause = min(pause * 1.2, _LONGEST_POLL_SECONDS)


def _measure(target: Target, resource: Resource, observe: Observe, since_ms: int) -> int:
    match observe.measure:
        case "invocations":
            return gauges.count_invocations(target, observe.resource, resource.id, since_ms)
        case "errors":
            return gauges.count_invocations(target, observe.resource, resource.id, since_ms, failed_only=True)
        case "logged":
            return len(gauges.read_log(target, observe.resource, resource.id, since_ms, observe.text or ""))
        case "items":
            return gauges.count_items(target, resource.id)
        case "messages":
            return sum(gauges.queue_depth(target, resource.id))
        case "visible":
            return gauges.queue_depth(target, resource.id)[0]
