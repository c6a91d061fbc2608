"""AWS Step Functions."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.asl import Task, definition_of, tasks
from catalogue.patterns.cloudformation.arrows.calls import call
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, texts
from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.services.model import (
    Caller,
    Finding,
    Level,
    Measure,
    NotProven,
    ResourceType,
    Service,
    Shell,
    Uses,
    named_by,
)

MACHINE = "AWS::StepFunctions::StateMachine"
MACHINES = (MACHINE, "AWS::Serverless::StateMachine")
_NAMING = Naming(
    "StateMachineName",
    "arn:aws:states:{region}:{account}:stateMachine:{name}",
    ref="{arn}",
    attributes={"Name": "{name}"},
)


def task_calls(view: View) -> Iterator[Finding]:
    """What the tasks of a state machine call."""
    for machine in view.stack.of_type(MACHINE):
        definition = definition_of(machine)
        if definition is None:
            yield NotProven("task", machine.id, "its tasks", machine.id, "the definition cannot be read")
            continue
        for task in tasks(definition):
            yield from _task(view, machine, task)


def _task(view: View, machine: Deployed, task: Task) -> Iterator[Finding]:
    role = machine.property("RoleArn")
    if task.resource:
        sent = view.delivery("task", machine.id, task.resource, machine, sender="states", role=role, waits=True)
        yield from sent
        return
    if task.service == "apigateway" and (task.arguments or {}).get("AuthType", "NO_AUTH") == "NO_AUTH":
        role = None  # anyone may call such an API
    yield from call(
        view,
        "task",
        machine.id,
        machine,
        service=task.service,
        operation=task.operation[:1].upper() + task.operation[1:],
        arguments=task.arguments or {},
        role=role,
        waits=task.waits,
    )


def price_of(operation: str, machine: Resource | None) -> str | None:
    """Standard workflows cost by the transition, express workflows by request and duration.

    https://aws.amazon.com/step-functions/pricing/
    """
    kind = machine.property("StateMachineType", default=machine.property("Type")) if machine else None
    express = text_of(kind) == "EXPRESS"
    match operation:
        case "StateTransition":
            return None if express else "stepfunctions.transitions"
        case "StartExecution" | "StartSyncExecution":
            return "stepfunctions.express-requests" if express else None
        case "ExpressDuration":
            return "stepfunctions.express-duration"
    return ""


def _names_none(view: View, task: Task) -> bool:
    """Whether no service's module can say which resource the task calls."""
    service = view.registry.of_api(task.service)
    return not task.resource and (service is None or not list(service.calls(task.operation, task.arguments or {})))


def machines(view: View) -> Iterator[Caller]:
    """A machine hands names to services that work on what they name as the machine: Amazon Athena, Textract.

    Calls of services that have a module prove their arrows themselves.
    """
    for machine in view.stack.of_type(MACHINE):
        others = [task for task in tasks(definition_of(machine) or {}) if _names_none(view, task)]
        if others:
            given = tuple(text for task in others for text in texts(task.arguments))
            yield Caller(machine.id, machine.property("RoleArn"), given)


SHELL = Shell(
    look=(
        "aws stepfunctions list-executions --status-filter RUNNING --query 'length(executions)' --output text"
        " --state-machine-arn $(resource {id})"
    ),
    shows="Prints how many of its executions have not ended.",
)
SERVICE = Service(
    key="step-functions",
    name="AWS Step Functions",
    actions="states",
    types=(
        *(
            ResourceType(type, _NAMING, noun="a state machine", pictured=True, secured=True, works=False, shell=SHELL)
            for type in MACHINES
        ),
        ResourceType(
            "AWS::StepFunctions::Activity",
            Naming("Name", "arn:aws:states:{region}:{account}:activity:{name}", ref="{arn}"),
        ),
    ),
    parts=("AWS::StepFunctions::StateMachineVersion", "AWS::StepFunctions::StateMachineAlias"),
    definitions={
        "AWS::Serverless::StateMachine": ("DefinitionUri", "Definition"),
        MACHINE: ("DefinitionS3Location", "Definition"),
    },
    uses=Uses(
        writes=("StartExecution", "StartSyncExecution", "SendTaskSuccess", "SendTaskFailure"),
        waited_for=("StartSyncExecution",),
    ),
    calls=named_by("StateMachineArn", "stateMachineArn"),
    api=("sfn",),
    measures={
        "executions": Measure(
            MACHINES,
            "executions of a state machine that have not ended",
            "running execution",
            "of",
            "{resource} holds {bound}",
            "running execution",
        )
    },
    levels={"running": Level((MACHINE,), "execution", reported=False)},
    price_of=price_of,
    managed={"AWSStepFunctionsFullAccess": ("states:*",)},
    finders=(task_calls,),
    callers=machines,
)
