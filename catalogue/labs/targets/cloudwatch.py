"""What a stack on AWS was used for, by CloudWatch's metrics: late by minutes, and by whole minutes.

SQS's metrics count messages, not requests, so that a batch of ten counts as ten: the bill is then an upper bound.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
Invocations are read from the functions' REPORT lines, which tell billed milliseconds; no metric does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from catalogue.labs.resource_names import plain_name
from catalogue.labs.targets import Resource, Resources

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use

PERIOD_SECONDS = 60
_MOST_QUERIES = 500
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""


class Metric(NamedTuple):
    namespace: str
    name: str
    dimension: str
    service: str
    operation: str
    counts: str | None = None
    """Another metric that counts the operations, where this one's sum is their units."""


METRICS = {
    "AWS::SQS::Queue": (
        Metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", "sqs", "SendMessage"),
        Metric("AWS/SQS", "NumberOfMessagesReceived", "QueueName", "sqs", "ReceiveMessage"),
        Metric("AWS/SQS", "NumberOfEmptyReceives", "QueueName", "sqs", "ReceiveMessage (empty)"),
        Metric("AWS/SQS", "NumberOfMessagesDeleted", "QueueName", "sqs", "DeleteMessage"),
    ),
    "AWS::SNS::Topic": (
        Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", "sns", "Publish"),
        Metric("AWS/SNS", "NumberOfNotificationsDelivered", "TopicName", "sns", "DeliverToSQS"),
    ),
    "AWS::DynamoDB::Table": (
        Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "dynamodb", "Read"),
        Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "dynamodb", "Write"),
    ),
    "AWS::ApiGateway::RestApi": (
        Metric("AWS/ApiGateway", "Count", "ApiName", "api-gateway", "Request"),
        Metric("AWS/ApiGateway", "CacheHitCount", "ApiName", "api-gateway", "CacheHit"),
    ),
    "AWS::Lambda::Function": (
        Metric("AWS/Logs", "IncomingBytes", "LogGroupName", "cloudwatch", "PutLogEvents", "IncomingLogEvents"),
    ),
}


def reported_uses(client: Callable[[str], Any], resources: Resources, since: float) -> list[Use]:
    """What CloudWatch has reported so far for the minutes from `since` on. Raises ClientError, BotoCoreError."""
    wanted = list(_wanted(client, resources))
    queries = []
    for number, (_, name, metric) in enumerate(wanted):
        queries.append(_query(f"m{number}", metric, metric.name, name))
        if metric.counts:
            queries.append(_query(f"c{number}", metric, metric.counts, name))
    sums: dict[str, float] = {}
    start = math.floor(since / PERIOD_SECONDS) * PERIOD_SECONDS
    for first in range(0, len(queries), _MOST_QUERIES):
        asked = {
            "MetricDataQueries": queries[first : first + _MOST_QUERIES],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.now(UTC),
        }
        while True:
            answer = client("cloudwatch").get_metric_data(**asked)
            for result in answer["MetricDataResults"]:
                sums[result["Id"]] = sums.get(result["Id"], 0) + sum(result["Values"])
            if not answer.get("NextToken"):
                break
            asked["NextToken"] = answer["NextToken"]
    from catalogue.patterns.runs.document import Use

    uses = []
    for number, (logical, _, metric) in enumerate(wanted):
        units = sums.get(f"m{number}", 0)
        count = sums.get(f"c{number}", 0) if metric.counts else units
        if units:
            uses.append(
                Use(
                    service=metric.service,
                    operation=metric.operation,
                    resource=logical,
                    count=math.ceil(count),
                    units=units,
                )
            )
    return uses


def _wanted(client: Callable[[str], Any], resources: Resources) -> Iterator[tuple[str, str, Metric]]:
    """Logical id, name in the metric's dimension, and metric."""
    for logical, resource in resources.items():
        metrics = METRICS.get(resource.type, ())
        name = _dimension(client, resource) if metrics else ""
        for metric in metrics:
            yield logical, name, metric


def _dimension(client: Callable[[str], Any], resource: Resource) -> str:
    match resource.type:
        case "AWS::ApiGateway::RestApi":  # its metrics stand under its name
            return str(client("apigateway").get_rest_api(restApiId=resource.id)["name"])
        case "AWS::Lambda::Function":
            return f"/aws/lambda/{resource.id}"
    return plain_name("", resource.id)


def _query(id: str, metric: Metric, name: str, value: str) -> dict[str, Any]:
    return {
        "Id": id,
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": name,
                "Dimensions": [{"Name": metric.dimension, "Value": value}],
            },
            "Period": PERIOD_SECONDS,
            "Stat": "Sum",
        },
    }
