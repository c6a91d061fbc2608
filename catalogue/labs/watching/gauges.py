"""What can be counted in a stack: log lines, and what each service's resources hold. Read from AWS itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from catalogue.labs.services.registry import lab_services
from catalogue.labs.watching.trace import LogLine, LogReader

if TYPE_CHECKING:  # the emulator's process reads services' modules, and they read this one
    from catalogue.labs.targets.base import Resource, Target

_MOST_LINES = 5_000
LONGEST_LINE = 256 * 1024
"""Characters of a line. CloudWatch cuts lines as well:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html"""


class Gauge(NamedTuple):
    resource: str
    """Logical id."""
    measure: str
    """One of its service's `gauges`: `visible`, `in_flight`, `items`."""
    value: int


def read_gauges(target: Target, resources: Mapping[str, Resource]) -> Iterator[Gauge]:
    """Every count of the stack's resources. Raises ClientError, BotoCoreError."""
    for logical, resource in resources.items():
        for measure, value in read_resource(target, resource).items():
            yield Gauge(logical, measure, value)


def read_resource(target: Target, resource: Resource) -> Mapping[str, int]:
    """The counts of one resource, by measure; none for a type that no service counts."""
    read = lab_services().gauges.get(resource.type)
    return {} if read is None else read(target.client, resource.id)


def with_sums(read: Mapping[str, int]) -> dict[str, int]:
    """A resource's gauges, and the measures that are sums of them: `messages` is `visible` and `in_flight`."""
    sums = {
        name: sum(read[gauge] for gauge in gauges)
        for name, gauges in lab_services().measures.items()
        if all(gauge in read for gauge in gauges)
    }
    return {**read, **sums}


def logging(resources: Mapping[str, Resource]) -> Iterator[tuple[str, str]]:
    """Those of a stack's resources that write a log: logical id and log group."""
    groups = lab_services().log_groups
    return (
        (logical, groups[resource.type].format(resource.id))
        for logical, resource in resources.items()
        if resource.type in groups
    )


def read_logs(target: Target, resources: Mapping[str, Resource], since_ms: int, text: str = "") -> list[LogLine]:
    """The lines of the stack's logs from `since_ms` on, oldest first; only those that hold `text`, if given."""
    lines: list[LogLine] = []
    for logical, group in logging(resources):
        lines += read_log(target, logical, group, since_ms, text)
    return sorted(lines, key=lambda line: line.at_ms)  # stable: lines of one moment keep their order


def read_log(target: Target, logical: str, group: str, since_ms: int, text: str = "") -> list[LogLine]:
    """Text is compared here: filter patterns cannot ask for one that has quotes in it on every target."""
    logs = target.client("logs")
    arguments: dict[str, Any] = {"logGroupName": group, "startTime": since_ms}
    lines: list[LogLine] = []
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**arguments):
            lines += [
                LogLine(
                    logical,
                    event["logStreamName"],
                    event["timestamp"],
                    event["message"][:LONGEST_LINE],
                    event.get("eventId", ""),
                )
                for event in page["events"]
                if text in event["message"]
            ]
            if len(lines) >= _MOST_LINES:
                break
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":  # nothing has been logged yet
            raise
    return lines


def count_invocations(target: Target, logical: str, group: str, since_ms: int, *, failed_only: bool = False) -> int:
    """Invocations that ended since then; with `failed_only`, those that raised or ran out of time."""
    events = LogReader().read(read_log(target, logical, group, since_ms))
    return sum(1 for event in events if event.kind == "invocation" and (event.data["error"] or not failed_only))
