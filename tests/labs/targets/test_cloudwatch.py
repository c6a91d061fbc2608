"""On AWS, uses are what CloudWatch has reported, asked for and read as its own model says."""

from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.stub import ANY, Stubber

from catalogue.labs.targets.aws import AwsTarget
from catalogue.labs.targets.base import Resource
from catalogue.patterns.runs.document import Use

SINCE = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
RESOURCES = {
    "Api": Resource("AWS::ApiGateway::RestApi", "a1b2"),
    "Queue": Resource("AWS::SQS::Queue", "https://sqs.eu-central-1.amazonaws.com/123456789012/orders"),
    "Table": Resource("AWS::DynamoDB::Table", "orders-table"),
    "Worker": Resource("AWS::Lambda::Function", "worker"),
    "Role": Resource("AWS::IAM::Role", "role"),
}


def target() -> AwsTarget:
    session = boto3.Session(region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    return AwsTarget("eu-central-1", session)


def answered(values: dict[str, list[float]]) -> dict[str, Any]:
    return {"MetricDataResults": [{"Id": id, "Values": numbers} for id, numbers in values.items()]}


def test_reported_metrics_become_uses_under_logical_ids() -> None:
    aws = target()
    with Stubber(aws.client("cloudwatch")) as cloudwatch, Stubber(aws.client("apigateway")) as gateway:
        gateway.add_response("get_rest_api", {"name": "lab-orders"}, {"restApiId": "a1b2"})
        asked = {
            "MetricDataQueries": ANY,
            "StartTime": datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
            "EndTime": ANY,
        }
        page = answered({"m0": [3.0, 4.0], "m2": [7.0]}) | {"NextToken": "more"}
        cloudwatch.add_response("get_metric_data", page, asked)
        rest = answered({"m7": [12.5], "m8": [2048.0], "c8": [9.0]})
        cloudwatch.add_response("get_metric_data", rest, asked | {"NextToken": "more"})
        uses = aws.uses(RESOURCES, SINCE.timestamp())
    assert uses == [
        Use(service="api-gateway", operation="Request", resource="Api", count=7, units=7),
        Use(service="sqs", operation="SendMessage", resource="Queue", count=7, units=7),
        Use(service="dynamodb", operation="Write", resource="Table", count=13, units=12.5),
        Use(service="cloudwatch", operation="PutLogEvents", resource="Worker", count=9, units=2048),
    ]


def test_each_metric_is_asked_for_under_its_own_dimension() -> None:
    aws = target()
    sent: list[dict[str, Any]] = []
    aws.client("cloudwatch").meta.events.register(
        "provide-client-params.cloudwatch.GetMetricData", lambda params, **_: sent.append(params)
    )
    with Stubber(aws.client("cloudwatch")) as cloudwatch, Stubber(aws.client("apigateway")) as gateway:
        gateway.add_response("get_rest_api", {"name": "lab-orders"})
        cloudwatch.add_response("get_metric_data", answered({}))
        assert aws.uses(RESOURCES, SINCE.timestamp()) == []
    asked = {
        (query["MetricStat"]["Metric"]["MetricName"], *query["MetricStat"]["Metric"]["Dimensions"][0].values())
        for query in sent[0]["MetricDataQueries"]
    }
    assert ("Count", "ApiName", "lab-orders") in asked
    assert ("NumberOfMessagesSent", "QueueName", "orders") in asked
    assert ("ConsumedWriteCapacityUnits", "TableName", "orders-table") in asked
    assert ("IncomingBytes", "LogGroupName", "/aws/lambda/worker") in asked
    assert {query["MetricStat"]["Stat"] for query in sent[0]["MetricDataQueries"]} == {"Sum"}


def test_what_cloudwatch_refuses_to_tell_is_not_known() -> None:
    aws = target()
    with Stubber(aws.client("cloudwatch")) as cloudwatch:
        cloudwatch.add_client_error("get_metric_data", "AccessDenied")
        assert aws.uses({"Queue": RESOURCES["Queue"]}, 0) is None
