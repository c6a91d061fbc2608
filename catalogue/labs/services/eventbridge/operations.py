"""Operations on event buses: rules that take no events for a while, and the replay of what a bus has archived."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.operating import OperationFailed, Stack, cli

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation

_SECONDS = 3600
"""Of the past, that are replayed."""


def disable_rule(stack: Stack, operation: Operation) -> str:
    bus, rule = _rule(stack, operation)
    stack.client("events").disable_rule(Name=rule, EventBusName=bus)
    return cli("events disable-rule", name=rule, event_bus_name=bus)


def enable_rule(stack: Stack, operation: Operation) -> str:
    bus, rule = _rule(stack, operation)
    stack.client("events").enable_rule(Name=rule, EventBusName=bus)
    return cli("events enable-rule", name=rule, event_bus_name=bus)


def _rule(stack: Stack, operation: Operation) -> tuple[str, str]:
    """Bus and name. The physical id of a rule is `bus|rule` on AWS, and its name on the default bus.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html
    The embedded AWS has the name alone, so the rule is looked for on the stack's buses.
    """
    bus, _, rule = stack.physical(operation.resource).rpartition("|")
    if bus:
        return bus, rule
    events = stack.client("events")
    found = (own for own in stack.names_of("AWS::Events::EventBus") if _has(events, own, rule))
    return next(found, "default"), rule


def _has(events: Any, bus: str, rule: str) -> bool:
    rules = events.list_rules(EventBusName=bus, NamePrefix=rule)["Rules"]
    return any(one["Name"] == rule for one in rules)


def replay(stack: Stack, operation: Operation) -> str:
    """Send what the bus's archive has of the last hour to the bus again. Raises OperationFailed without an archive."""
    events = stack.client("events")
    bus = events.describe_event_bus(Name=stack.physical(operation.resource))["Arn"]
    archives = events.list_archives(EventSourceArn=bus)["Archives"]
    if not archives:
        raise OperationFailed("The bus has no archive.")
    name = archives[0]["ArchiveName"]
    archive = f"{bus.rpartition(':')[0]}:archive/{name}"
    now = int(time.time())
    named, since, to = f"{name[:40]}-{uuid.uuid4().hex[:8]}", now - _SECONDS, now + 1
    events.start_replay(
        ReplayName=named,
        EventSourceArn=archive,
        EventStartTime=datetime.fromtimestamp(since, UTC),
        EventEndTime=datetime.fromtimestamp(to, UTC),
        Destination={"Arn": bus},
    )
    return cli(
        "events start-replay",
        replay_name=named,
        event_source_arn=archive,
        event_start_time=since,
        event_end_time=to,
        destination={"Arn": bus},
    )
