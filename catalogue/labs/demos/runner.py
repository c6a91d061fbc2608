"""Runs one step of a demo: through the lab's own endpoint, then comparing what is seen with what the demo says.

Requests go through the edge's ASGI application in this process, so that a step in a test, on the page and from a
terminal all take the same way, with the same limits.
"""

import asyncio
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asgiref.sync import async_to_sync
from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.aws.shared import NO_CHANGE
from catalogue.labs.demos import bodies, expectations, operations
from catalogue.labs.demos.expectations import Check, StepAnswer, UnknownVariable, Wanted
from catalogue.labs.demos.operations import OperationFailed
from catalogue.labs.demos.saved_values import BadValue
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.edge.client import Unsendable, call_edge
from catalogue.labs.edge.sockets.client import Talk, talk_to
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.services.model import LogMeasured
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Resource, Target, TargetDown
from catalogue.labs.watching import gauges
from catalogue.patterns.content.schemas.pattern import (
    CallMeanwhile,
    Observe,
    Operation,
    Request,
    Socket,
    Step,
)

logger = logging.getLogger(__name__)

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no header may hold (RFC 9110, section 5.5)."""
_GROWING = ("invocations", "errors", "logged")
"""What is counted from the action's beginning on, and never becomes less."""
_SETTLE_SECONDS = 0.3
_POLL_SECONDS = 0.05
_LONGEST_POLL_SECONDS = 0.3
"""What has been waited for for a while is looked for less often: each look costs the machine that works on it."""


@dataclass(frozen=True)
class StepResult:
    step: str
    answers: tuple[StepAnswer, ...] = ()
    checks: tuple[Check, ...] = ()
    saved: dict[str, Any] = field(default_factory=dict)
    cli: str | None = None
    """The AWS CLI command that does the same as the step's operation."""
    at: float = 0
    """When the action began, after its wait; Unix seconds."""
    ms: float = 0
    """How long the action itself took, in milliseconds, without what was watched for after it."""

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def run_step(lab: Lab, step: Step, variables: Mapping[str, Any]) -> StepResult:
    """`arun_step` for synchronous code."""

    async def run() -> StepResult:
        async with edge_in_use():
            return await arun_step(lab, step, variables)

    return async_to_sync(run)()


async def arun_step(
    lab: Lab,
    step: Step,
    variables: Mapping[str, Any],
    *,
    since: float | None = None,
    performed: Callable[[Operation], None] | None = None,
) -> StepResult:
    """Take the step on a ready lab. What goes wrong is a check that is not ok, never an exception.

    Invocations and log lines count from the action's beginning, or from `since` (Unix seconds). `performed` is called
    with the step's operation as soon as AWS has performed it, before its effects are awaited; it may use the database.
    """
    try:
        return await _taken(lab, step, variables, since, performed)
    except Exception:
        logger.exception("Step %s of a lab of %s broke", step.id, lab.pattern)
        return StepResult(
            step.id, checks=(Check("the step can be taken", False, "an error on our side, which has been logged"),)
        )


async def _taken(
    lab: Lab,
    step: Step,
    variables: Mapping[str, Any],
    since: float | None,
    performed: Callable[[Operation], None] | None,
) -> StepResult:
    target = target_of(lab)
    resources = resources_of(lab)
    if step.wait:
        await asyncio.sleep(step.wait)
    at, began = time.time(), time.perf_counter()
    since_ms = int((at if since is None else since) * 1000)
    answers: tuple[StepAnswer, ...] = ()
    cli: str | None = None
    checks: list[Check] = []
    expect = Wanted()
    try:
        expect = expectations.filled(step.expect, variables)
        if step.request is not None:
            answers = await send(lab, step.request, variables)
        elif step.operation is not None:
            if lab.is_lease:
                raise OperationFailed(NO_CHANGE)
            stack = operations.Stack(target, resources)
            cli = await in_database(operations.perform, stack, step.operation)
            if performed is not None:
                await in_database(performed, step.operation)
    except UnknownVariable as error:
        checks.append(Check(f"an earlier step has saved {error.args[0]}", False, "nothing: run the steps in order"))
    except Unsendable as error:
        checks.append(Check("the request can be sent", False, str(error)))
    except (OperationFailed, ClientError, BotoCoreError, TargetDown) as error:
        checks.append(Check("AWS performs the operation", False, str(error)))
    ms = round((time.perf_counter() - began) * 1000, 3)
    if checks:
        return StepResult(step.id, answers, tuple(checks), {}, cli, at, ms)

    # In a thread: reading large answers is work that other visitors' requests should not wait for.
    checks += await in_database(lambda: list(expectations.check_answers(expect, answers)))
    saved: dict[str, Any] = {}
    try:
        saved = expectations.saved_values(step.save, answers[-1]) if answers else {}
    except KeyError as error:
        checks.append(Check(f"the answer has {error.args[0]}", False, "nothing"))
    except BadValue as error:
        checks.append(Check("the answer has what later steps need", False, str(error)))
    try:
        # What to look for in a log is often what this very answer brought.
        texts = [expectations.fill(observe.text, {**variables, **saved}) for observe in step.observe]
    except UnknownVariable as error:
        checks.append(
            Check(
                f"this or an earlier step has saved {error.args[0]}",
                False,
                "nothing: run the steps in order",
            )
        )
        return StepResult(step.id, answers, tuple(checks), saved, cli, at, ms)
    observed = [
        watch_for(target, resources, observe.model_copy(update={"text": text}), since_ms)
        for observe, text in zip(step.observe, texts, strict=True)
    ]
    for observe, text, check in zip(step.observe, texts, await asyncio.gather(*observed), strict=True):
        wanted = observe.model_copy(update={"text": text})
        checks.append(await _counted_at_the_end(target, resources, wanted, check, since_ms))
    return StepResult(step.id, answers, tuple(checks), saved, cli, at, ms)


async def _counted_at_the_end(
    target: Target, resources: Mapping[str, Resource], observe: Observe, check: Check, since_ms: int
) -> Check:
    """The check with the count of the whole step: "at least one line" holds as soon as the first of many is written."""
    if not check.ok or observe.measure not in _GROWING or expectations.may_still_grow(observe):
        return check
    try:
        value = await in_database(_measure, target, resources[observe.resource], observe, since_ms)
    except (ClientError, BotoCoreError, TargetDown):
        return check
    return replace(check, seen=str(value))


async def send(lab: Lab, request: Request, variables: Mapping[str, Any]) -> tuple[StepAnswer, ...]:
    """All calls of a request, in the order of their numbers, at most `at_once` in flight."""
    turns = asyncio.Semaphore(request.at_once)
    known = {"uuid": lambda: str(uuid.uuid4()), "now": lambda: int(time.time()), **variables}

    async def one(number: int) -> StepAnswer:
        own = {**known, "n": number}
        headers = expectations.fill(request.headers, own)
        if any(_CONTROL.search(text) for pair in headers.items() for text in pair):
            raise Unsendable("A value for a header contains a line break or another control character.")
        path = expectations.fill(request.path, own)
        if request.is_elsewhere and not path.startswith(("http://", "https://", "/")):
            raise Unsendable("The value for the path is not an address.")
        async with turns:
            if request.socket is not None:
                return await _talk(lab, request.path, headers, request.socket, own)
            content: bytes | None = None
            if request.file is not None:
                content, kind = bodies.upload(request.file, expectations.fill(request.form, own))
                headers = {"content-type": kind, **headers}
            return await call_edge(
                lab.pk,
                request.method,
                path,
                headers,
                expectations.fill(request.json_body, own),
                expectations.fill(request.text, own),
                content,
            )

    return tuple(await asyncio.gather(*(one(number) for number in range(1, request.times + 1))))


async def _talk(
    lab: Lab, path: str, headers: Mapping[str, str], socket: Socket, variables: Mapping[str, Any]
) -> StepAnswer:
    """One WebSocket, and the calls that are made while it is open."""

    def meanwhile(call: CallMeanwhile) -> Callable[[], Awaitable[StepAnswer]]:
        path, body = expectations.fill(call.path, variables), expectations.fill(call.json_body, variables)
        return lambda: call_edge(lab.pk, call.method, path, {}, body)

    talk = Talk(
        send=expectations.fill(socket.send, variables),
        ready=socket.ready,
        meanwhile=[meanwhile(call) for call in socket.meanwhile],
        receive=socket.receive,
        within=socket.within,
    )
    return await talk_to(lab.pk, expectations.fill(path, variables), headers, talk)


async def watch_for(target: Target, resources: Mapping[str, Resource], observe: Observe, since_ms: int) -> Check:
    """Wait until the measure is as it must be, at most `within` seconds; one that could grow must hold a moment."""
    what = expectations.in_words(observe)
    resource = resources.get(observe.resource)
    if resource is None:
        return Check(what, False, "the stack has no such resource")
    deadline = time.monotonic() + max(observe.within, target.log_delay_ms / 1000)
    right_since: float | None = None
    pause = _POLL_SECONDS
    while True:
        try:
            value = await in_database(_measure, target, resource, observe, since_ms)
        except Exception as error:  # an answer may be cut short; the next one need not be
            if not isinstance(error, (ClientError, BotoCoreError, TargetDown)):
                logger.warning("Observing %s", what, exc_info=True)
            if time.monotonic() >= deadline:
                return Check(what, False, _why(error))
            right_since = None
            await asyncio.sleep(_LONGEST_POLL_SECONDS)
            continue
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


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, (ClientError, BotoCoreError, TargetDown)) else "it could not be read"


def _measure(target: Target, resource: Resource, observe: Observe, since_ms: int) -> int:
    services = lab_services()
    if observe.measure in services.log_measures:
        return services.log_measures[observe.measure](
            LogMeasured(target, observe.resource, resource, since_ms, observe.text or "")
        )
    return gauges.with_sums(gauges.read_resource(target, resource))[observe.measure]
