"""Pipes in labs. The embedded AWS runs those from a DynamoDB stream to a topic or a state machine, and no others."""

import json
from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter, chunks
from catalogue.labs.services.model import Arrow, LabService

PIPE = "AWS::Pipes::Pipe"
TABLE = "AWS::DynamoDB::Table"
_TARGETS = ("AWS::SNS::Topic", "AWS::StepFunctions::StateMachine")


def count(counter: Counter) -> None:
    """Each event that a pipe delivers, or its batch if the target takes one, in chunks of 64 KB."""
    from ministack.services import pipes

    deliver: Callable[..., bool] = pipes._deliver_batch

    def deliver_counting(pipe: dict[str, Any], batch: list[Any]) -> bool:
        delivered = deliver(pipe, batch)
        if delivered:
            requests = [batch] if ":states:" in str(pipe.get("Target", "")) else batch
            size = sum(chunks(len(json.dumps(request, default=str))) for request in requests)
            counter.add("pipes", str(pipe.get("Name", "")), "Request", size, len(requests))
        return delivered

    pipes._deliver_batch = deliver_counting


def not_emulated(arrow: Arrow) -> str | None:
    if arrow.kind == "enrichment" and arrow.source == PIPE:
        return "Pipes of the embedded AWS have no enrichment."
    if arrow.kind == "pipe" and not (arrow.source == TABLE and arrow.target in _TARGETS):
        return (
            "The embedded AWS deploys this pipe and moves nothing along it. It runs pipes from DynamoDB streams to SNS "
            "or Step Functions."
        )
    return None


SERVICE = LabService(key="pipes", counted=(PIPE,), uses=frozenset({"Request"}), count=count, not_emulated=not_emulated)
