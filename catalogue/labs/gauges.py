"""What can be counted in a stack: log lines, messages in queues, items in tables. Read from AWS itself."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from catalogue.labs.targets import Resource, Target
from catalogue.labs.trace import LogLine, LogReader

LOGGING_TYPES = ("AWS::Lambda::Function",)
_MOST_LINES = 5_000


class Gauge(NamedTuple):
    resource: str
    """Logical id."""
    measure: str
    """`visible`, `in_flight` or `items`."""
    value: int


def read_gauges(target: Target, resources: Mapping[str, Resource]) -> Iterator[Gauge]:
    """Depth of each queue and number of items of each table of the stack. Raises ClientError, BotoCoreError."""
    for logical, resource in resources.items():
        if resource.type == "AWS::SQS::Queue":
            visible, in_flight = queue_depth(target, resource.id)
            yield Gauge(logical, "visible", visible)
            yield Gauge(logical, "in_flight", in_flight)
        elif resource.type == "AWS::DynamoDB::Table":
            yield Gauge(logical, "items", count_items(target, resource.id))


def queue_depth(target: Target, url: str) -> tuple[int, int]:
    """Messages that wait, and messages that a consumer holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = target.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return int(attributes.get(names[0], 0)), int(attributes.get(names[1], 0))


def count_items(target: Target, table: str) -> int:
    """Counted by a scan: DescribeTable's figure is hours old on AWS."""
    pages = target.client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return sum(page["Count"] for page in pages)


def logging(resources: Mapping[str, Resource]) -> Iterator[tuple[str, Resource]]:
    """Those of a stack's resources that write a log, by their logical ids."""
    return ((logical, resource) for logical, resource in resources.items() if resource.type in LOGGING_TYPES)


def read_logs(target: Target, resources: Mapping[str, Resource], since_ms: int, text: str = "") -> list[LogLine]:
    """The lines of the stack's functions from `since_ms` on, oldest first; only those that hold `text`, if given."""
    lines: list[LogLine] = []
    for logical, resource in logging(resources):
        lines += read_log(target, logical, resource.id, since_ms, text)
    return sorted(lines, key=lambda line: line.at_ms)  # stable: lines of one moment keep their order


def read_log(target: Target, logical: str, function: str, since_ms: int, text: str = "") -> list[LogLine]:
    """Text is compared here: filter patterns cannot ask for one that has quotes in it on every target."""
    logs = target.client("logs")
    arguments: dict[str, Any] = {"logGroupName": f"/aws/lambda/{function}", "startTime": since_ms}
    lines: list[LogLine] = []
    try:
        for page in logs.get_paginator("filter_log_events").paginate(**arguments):
            lines += [
                LogLine(
                    logical,
                    event["logStreamName"],
                    event["timestamp"],
                    event["message"],
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


def count_invocations(target: Target, logical: str, function: str, since_ms: int, *, failed_only: bool = False) -> int:
    """Invocations that ended since then; with `failed_only`, those that raised or ran out of time."""
    events = LogReader().read(read_log(target, logical, function, since_ms))
    return sum(1 for event in events if event.kind == "invocation" and (event.data["error"] or not failed_only))
