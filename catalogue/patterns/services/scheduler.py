"""Amazon EventBridge Scheduler."""

import json
import re
from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.calls import call
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import mapping
from catalogue.patterns.services.model import Finding, NotProven, Relation, ResourceType, Service, Uses, keyed

SCHEDULE = "AWS::Scheduler::Schedule"
_UNIVERSAL = re.compile(r"arn:aws[\w-]*:scheduler:::aws-sdk:(\w+):(\w+)")


def schedules(view: View) -> Iterator[Finding]:
    """A schedule hands an event to its target, or makes an API call."""
    for schedule in view.stack.of_type(SCHEDULE):
        target = schedule.property("Target", default={})
        if not isinstance(target, Mapping):
            continue
        arn, role = text_of(target.get("Arn")), target.get("RoleArn")
        if schedule.property("State") == "DISABLED":
            yield NotProven("schedule", schedule.id, arn, schedule.id, "the schedule is disabled")
            continue
        if universal := _UNIVERSAL.fullmatch(arn):
            try:
                given = json.loads(text_of(target.get("Input")) or "{}")
            except ValueError:
                given = {}
            yield from call(
                view,
                "schedule",
                schedule.id,
                schedule,
                service=universal[1],
                operation=universal[2][:1].upper() + universal[2][1:],
                arguments=given if isinstance(given, Mapping) else {},
                role=role,
                waits=False,
            )
        else:
            yield from view.delivery("schedule", schedule.id, arn, schedule, sender="scheduler", role=role)
        queue = view.stack.find(mapping(target.get("DeadLetterConfig")).get("Arn"))
        if queue is not None:
            yield Relation("dead-letter", schedule.id, queue, schedule.id)


SERVICE = Service(
    key="scheduler",
    name="Amazon EventBridge Scheduler",
    actions="scheduler",
    types=(
        ResourceType(
            SCHEDULE, Naming("Name", "arn:aws:scheduler:{region}:{account}:schedule/default/{name}"), pictured=True
        ),
        ResourceType(
            "AWS::Scheduler::ScheduleGroup",
            Naming("Name", "arn:aws:scheduler:{region}:{account}:schedule-group/{name}"),
        ),
    ),
    uses=Uses(writes=("CreateSchedule",)),
    price_of=keyed({"Invocation": "scheduler.invocations"}),
    finders=(schedules,),
)
