"""Sends the same traffic to both labs at the same time, by the way that every caller takes: the labs' edge."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from catalogue.labs.demos import expectations, operations
from catalogue.labs.demos.expectations import StepAnswer, UnknownVariable
from catalogue.labs.demos.operations import OperationFailed
from catalogue.labs.demos.runner import send
from catalogue.labs.demos.saved_values import BadValue
from catalogue.labs.edge.client import Unsendable
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.targets import target_of
from catalogue.patterns.content.schemas.comparison import Side, Traffic
from catalogue.patterns.views.tags.demo import request_in_words


class TrafficFailed(Exception):
    """An operation that belongs to the traffic could not be done; the message is fit for a visitor."""


@dataclass(frozen=True)
class Sent:
    """One part of the traffic as one side had it."""

    part: str
    at: float
    """When it began; Unix seconds."""
    ms: float
    """Until its last answer."""
    answers: tuple[StepAnswer, ...] = ()
    cli: str | None = None
    """The AWS CLI command that does the same as the part's operation."""
    left_out: str = ""
    """Why nothing was sent, where nothing was."""


@dataclass
class Caller:
    """Sends to one side and keeps what its answers brought."""

    side: Side
    lab: Lab
    values: dict[str, Any] = field(default_factory=dict)
    """What a request's `{{name}}` may stand for here: `run`, and what earlier answers brought."""

    async def send(self, part: Traffic) -> Sent:
        """Raises TrafficFailed for an operation that AWS refuses; what an answer says is for the figures to tell."""
        at, started = time.time(), time.perf_counter()

        def sent(**seen: Any) -> Sent:
            return Sent(part.id, at, round((time.perf_counter() - started) * 1000, 3), **seen)

        if part.request is None:
            return sent(**await self._operate(part))
        if part.only is not None and part.only != self.side:
            return sent(left_out="This stack has no such route.")
        try:
            answers = await send(self.lab, part.request, self.values)
        except UnknownVariable as error:
            return sent(left_out=f"No earlier answer has the {error.args[0]} that this request needs.")
        except Unsendable as error:
            return sent(left_out=str(error))
        self._save(part, answers)
        return sent(answers=answers)

    async def _operate(self, part: Traffic) -> dict[str, Any]:
        assert part.operation is not None
        operation = part.operation.pattern if self.side == "pattern" else part.operation.naive
        if operation is None:
            return {"left_out": "Nothing to do here."}
        stack = operations.Stack(target_of(self.lab), resources_of(self.lab))
        try:
            return {"cli": await in_database(operations.perform, stack, operation)}
        except (OperationFailed, ClientError, BotoCoreError) as error:
            raise TrafficFailed(f"“{part.title}” could not be done: {error}") from error

    def _save(self, part: Traffic, answers: Sequence[StepAnswer]) -> None:
        for name, where in part.save.items():
            try:
                self.values |= expectations.saved_values({name: where}, answers[-1])
            except (KeyError, BadValue):
                continue


async def send_to_both(callers: Sequence[Caller], parts: Sequence[Traffic]) -> dict[Side, list[Sent]]:
    """Every part in its order; a part begins on both sides at the same moment. Raises TrafficFailed."""
    sent: dict[Side, list[Sent]] = {caller.side: [] for caller in callers}
    for part in parts:
        await asyncio.sleep(part.wait)
        for caller, one in zip(callers, await asyncio.gather(*(each.send(part) for each in callers)), strict=True):
            sent[caller.side].append(one)
    return sent


def in_one_line(part: Traffic, side: Side) -> str:
    """`POST /orders × 40`, `set-concurrency WorkerFunction`."""
    if part.request is not None:
        return request_in_words(part.request)
    operation = getattr(part.operation, side)
    return f"{operation.action} {operation.resource}" if operation else "nothing"
