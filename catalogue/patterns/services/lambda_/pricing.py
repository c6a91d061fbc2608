"""What functions cost: requests, and the time that they ran at their memory size.

Calls of a function URL cost what other invocations do: https://aws.amazon.com/lambda/pricing/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from catalogue.patterns.services.model import Charge, Part, decimal, part_of

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.runs.document import Run

KEY = "lambda"
REQUESTS = "lambda.requests"


@dataclass
class Work:
    """All invocations of one function."""

    count: int = 0
    gb_seconds: Decimal = Decimal(0)
    billed_ms: int | None = None
    memory_mb: int = 0


def work_of(run: Run) -> dict[str, Work]:
    """Each function's work by logical id, as the target counted it or else by the REPORT lines."""
    work: dict[str, Work] = {}
    counted = [use for use in run.uses if use.service == KEY and use.operation == "Invoke"]
    for use in counted:
        own = work.setdefault(use.resource or "a function", Work())
        own.count += use.count
        own.gb_seconds += decimal(use.units)
    for event in () if counted else run.events:
        if event.kind == "invocation":
            own = work.setdefault(event.function, Work(billed_ms=0))
            own.count += 1
            own.billed_ms = (own.billed_ms or 0) + event.billed_ms
            own.memory_mb = event.memory_mb
            own.gb_seconds += gb_seconds(event.billed_ms, event.memory_mb)
    return work


def charges(run: Run, template: Template) -> Iterator[Charge]:
    """Requests and GB-seconds of each function."""
    work = work_of(run)
    for function, own in work.items():
        yield REQUESTS, Part(f"invocations of {function}", own.count, Decimal(own.count))
    for function, own in work.items():
        memory = own.memory_mb or memory_mb(template, function)
        billed = own.gb_seconds * 1024 * 1000 / memory if own.billed_ms is None else Decimal(own.billed_ms)
        how = f"{billed:,.0f} billed ms at {memory:,} MB"
        yield duration_key(template, function), Part(f"duration of {function}", own.count, own.gb_seconds, how)
    for use in run.uses:
        if use.service == KEY and use.operation != "Invoke":
            yield "", part_of(use)


def gb_seconds(billed_ms: int, memory_mb: int) -> Decimal:
    """https://aws.amazon.com/lambda/pricing/: time in seconds times memory in GB of 1,024 MB."""
    return Decimal(billed_ms) / 1000 * Decimal(memory_mb) / 1024


def duration_key(template: Template, function: str) -> str:
    """The price key of a function's duration: x86_64 unless its template says otherwise."""
    resource = template.as_deployed.resources.get(function)
    architectures = resource.property("Architectures", default=()) if resource else ()
    return "lambda.duration-arm" if "arm64" in architectures else "lambda.duration-x86"


def memory_mb(template: Template, function: str) -> int:
    """A function's memory size; 128 MB is Lambda's default."""
    resource = template.resources.get(function)
    memory = str(resource.property("MemorySize", default=128) if resource else 128)
    return int(memory) if memory.isascii() and memory.isdigit() else 128
