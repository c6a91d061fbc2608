"""Schedules in labs: the counting of invocations.

The embedded AWS looks for due schedules every ten seconds, in UTC, and drops dead-letter queues and retries.
"""

from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.services.model import Arrow, LabService

SCHEDULE = "AWS::Scheduler::Schedule"


def count(counter: Counter) -> None:
    """A schedule hands its target to the same code of the emulator as a rule, as an event of its own source."""
    from ministack.services import eventbridge

    invoke: Callable[..., Any] = eventbridge._invoke_target

    def invoke_counting(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *args: Any) -> Any:
        if event.get("Source") == "aws.scheduler":
            counter.add("scheduler", str(rule.get("Name", "")), "Invocation")
        return invoke(target, event, rule, *args)

    eventbridge._invoke_target = invoke_counting


def not_emulated(arrow: Arrow) -> str | None:
    if arrow.kind == "dead-letter" and arrow.source == SCHEDULE:
        return "The embedded AWS ignores the dead-letter queue of a schedule."
    return None


def name_of(name: str) -> str:
    """The physical id of a schedule in a group is `group|name`."""
    return name.rpartition("|")[2].rpartition("/")[2]


SERVICE = LabService(
    key="scheduler",
    counted=(SCHEDULE,),
    uses=frozenset({"Invocation"}),
    count=count,
    name_of=name_of,
    not_emulated=not_emulated,
)
