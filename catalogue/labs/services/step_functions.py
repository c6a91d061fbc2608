"""State machines in labs: how many executions run, and the counting of transitions."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded, moment
from catalogue.labs.services.model import ClientOf, LabService

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Target

MACHINE = "AWS::StepFunctions::StateMachine"


def running(client: ClientOf, machine: str) -> Mapping[str, int]:
    """Executions that have not ended. Express workflows are not listed: theirs are not counted."""
    states = client("stepfunctions")
    try:
        listed = states.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="RUNNING")
        return {"running": sum(len(page["executions"]) for page in listed)}
    except states.exceptions.StateMachineTypeNotSupported:
        return {}


def executions(target: Target, machine: str) -> Contents:
    """The newest executions with their input and, when they have ended, their output."""
    states = target.client("stepfunctions")
    try:
        page = states.list_executions(stateMachineArn=machine, maxResults=MOST_ENTRIES)
    except states.exceptions.StateMachineTypeNotSupported:
        return Contents("Executions", (), note="AWS does not list executions of express workflows.")
    entries = []
    for one in page["executions"]:
        found = states.describe_execution(executionArn=one["executionArn"])
        text = f"input:  {found.get('input', '')}\noutput: {found.get('output', '')}"
        entries.append(Entry(one["name"], text, (one["status"].lower(), f"started {moment(one['startDate'])}")))
    return bounded("Executions", entries, more="nextToken" in page)


def count(counter: Counter) -> None:
    from ministack.services import stepfunctions

    transition: Callable[..., Any] = stepfunctions._add_event

    def transition_counting(execution: dict[str, Any], event_type: str, details: Any = None) -> Any:
        if event_type.endswith("StateEntered"):
            counter.add("step-functions", str(execution.get("stateMachineArn", "")), "StateTransition")
        return transition(execution, event_type, details)

    stepfunctions._add_event = transition_counting

    def started(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in ("StartExecution", "StartSyncExecution"):
            counter.add("step-functions", str(json.loads(body or b"{}").get("stateMachineArn", "")), operation)

    count_requests(stepfunctions, started)


SERVICE = LabService(
    key="step-functions",
    gauges={MACHINE: running},
    contents={MACHINE: executions},
    levels=("running",),
    moving=("running",),
    held=("running",),
    counted=(MACHINE,),
    uses=frozenset({"StateTransition", "StartExecution", "StartSyncExecution"}),
    count=count,
)
