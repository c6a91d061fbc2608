"""State machines in labs: how many executions run, and the counting of transitions."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded, moment
from catalogue.labs.services.model import ClientOf, LabService, Leftover, Metric

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
    """Each state that is entered is a transition, and so is each retry of a task.

    https://aws.amazon.com/step-functions/pricing/. The emulator reports no events of states inside a map or a parallel
    state, but it executes them by the same functions.
    """
    from ministack.services import stepfunctions

    event: Callable[..., Any] = stepfunctions._add_event

    def event_counting(execution: dict[str, Any], event_type: str, details: Any = None) -> Any:
        if event_type in ("TaskScheduled", "SucceedStateEntered", "FailStateEntered"):
            counter.add("step-functions", str(execution.get("stateMachineArn", "")), "StateTransition")
        return event(execution, event_type, details)

    def counting(execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_counting(state: dict[str, Any], given: Any, *context: Any) -> Any:
            counter.add("step-functions", str(context[-1]["StateMachine"]["Id"]), "StateTransition")
            return execute(state, given, *context)

        return execute_counting

    stepfunctions._add_event = event_counting
    stepfunctions._execute_pass = counting(stepfunctions._execute_pass)
    stepfunctions._execute_choice = counting(stepfunctions._execute_choice)
    stepfunctions._execute_wait = counting(stepfunctions._execute_wait)
    stepfunctions._execute_parallel = counting(stepfunctions._execute_parallel)
    stepfunctions._execute_map = counting(stepfunctions._execute_map)

    def started(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in ("StartExecution", "StartSyncExecution"):
            counter.add("step-functions", str(json.loads(body or b"{}").get("stateMachineArn", "")), operation)

    count_requests(stepfunctions, started)


SERVICE = LabService(
    key="step-functions",
    gauges={MACHINE: running},
    measures={"executions": ("running",)},
    arns={MACHINE: lambda client, arn: [arn]},
    contents={MACHINE: executions},
    levels=("running",),
    moving=("running",),
    held=("running",),
    counted=(MACHINE,),
    uses=frozenset({"StateTransition", "StartExecution", "StartSyncExecution"}),
    count=count,
    # https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    metrics={MACHINE: (Metric("AWS/States", "ExecutionsStarted", "StateMachineArn", "StartExecution"),)},
    dimension=lambda _client, machine: machine.id,
    on_aws=(MACHINE,),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:states:[^:]+:\d{12}:stateMachine:[^:]+"),
            lambda client, arn: client("stepfunctions").delete_state_machine(stateMachineArn=arn),
        ),
    ),
)
