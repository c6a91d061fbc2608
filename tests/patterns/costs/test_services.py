"""Each service prices what was counted of it, by its resource where the price depends on that."""

from decimal import Decimal

import pytest

from catalogue.patterns.costs.bill import bill
from catalogue.patterns.costs.projection import month
from tests.patterns.costs.runs import run, template, use

TEMPLATE = """
Resources:
  Http: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: http, ProtocolType: HTTP}}
  Chat: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: chat, ProtocolType: WEBSOCKET}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: orders}}
  Nightly: {Type: AWS::Scheduler::Schedule, Properties: {}}
  Pipe: {Type: AWS::Pipes::Pipe, Properties: {}}
  Standard: {Type: AWS::StepFunctions::StateMachine, Properties: {}}
  Express: {Type: AWS::StepFunctions::StateMachine, Properties: {StateMachineType: EXPRESS}}
  Bucket: {Type: AWS::S3::Bucket}
  Table: {Type: AWS::DynamoDB::Table, Properties: {StreamSpecification: {StreamViewType: NEW_IMAGE}}}
  Users: {Type: AWS::Cognito::UserPool}
  Cheap: {Type: AWS::Cognito::UserPool, Properties: {UserPoolTier: LITE}}
"""
STREAMS = """
Resources:
  Clicks: {Type: AWS::Kinesis::Stream, Properties: {ShardCount: 2}}
  Spiky: {Type: AWS::Kinesis::Stream, Properties: {StreamModeDetails: {StreamMode: ON_DEMAND}}}
"""


@pytest.mark.parametrize(
    ("service", "operation", "resource", "units", "key", "usd"),
    [
        ("api-gateway", "Request", "Http", 1_000_000, "apigateway.http-requests", "1.00"),
        ("api-gateway", "Message", "Chat", 1_000_000, "apigateway.websocket-messages", "1.00"),
        ("api-gateway", "ConnectionMinute", "Chat", 1_000_000, "apigateway.websocket-minutes", "0.25"),
        ("eventbridge", "PutEvents", "Bus", 1_000_000, "eventbridge.events", "1.00"),
        ("eventbridge", "InvokeApiDestination", "Bus", 1_000_000, "eventbridge.api-destinations", "0.20"),
        ("scheduler", "Invocation", "Nightly", 1_000_000, "scheduler.invocations", "1.00"),
        ("pipes", "Request", "Pipe", 1_000_000, "pipes.requests", "0.40"),
        ("step-functions", "StateTransition", "Standard", 1_000, "stepfunctions.transitions", "0.025"),
        ("step-functions", "StartSyncExecution", "Express", 1_000_000, "stepfunctions.express-requests", "1.00"),
        ("step-functions", "ExpressDuration", "Express", 3_600, "stepfunctions.express-duration", "0.06000012"),
        ("s3", "PutObject", "Bucket", 1_000, "s3.put-requests", "0.005"),
        ("s3", "GetObject", "Bucket", 1_000, "s3.get-requests", "0.0004"),
        ("dynamodb", "StreamGetRecords", "Table", 100_000, "dynamodb.stream-reads", "0.02"),
        ("kinesis", "PutRecords", "Clicks", 1_000_000, "kinesis.put-units", "0.014"),
        ("cognito", "ActiveUser", "Users", 1_000, "cognito.essentials-users", "15.000"),
        ("cognito", "ActiveUser", "Cheap", 1_000, "cognito.lite-users", "5.5"),
    ],
)
def test_a_counted_operation_has_the_price_of_its_resource(
    service: str, operation: str, resource: str, units: int, key: str, usd: str
) -> None:
    made = bill(run((), (use(service, operation, resource, units),)), template(TEMPLATE))
    assert [(line.key, line.usd) for line in made.lines] == [(key, Decimal(usd))]
    assert made.unpriced == ()


@pytest.mark.parametrize(
    ("service", "operation", "resource"),
    [
        ("step-functions", "StateTransition", "Express"),
        ("step-functions", "StartExecution", "Standard"),
        ("dynamodb", "GetRecords", "Table"),
        ("s3", "DeleteObject", "Bucket"),
        ("cognito", "InitiateAuth", "Users"),
    ],
)
def test_what_aws_asks_nothing_for_is_on_no_line(service: str, operation: str, resource: str) -> None:
    made = bill(run((), (use(service, operation, resource, 5),)), template(TEMPLATE))
    assert (made.lines, made.unpriced) == ((), ())


def test_a_stream_costs_its_hours() -> None:
    made = bill(run(ms=3_600_000), template(STREAMS))
    assert {line.key: line.usd for line in made.lines} == {
        "kinesis.shard-hours": Decimal("0.030"),
        "kinesis.stream-hours": Decimal("0.040"),
    }
    a_month = month(made, None, 0, free_tier=False)
    assert a_month.usd == Decimal(730) * Decimal("0.070")


def test_data_of_an_on_demand_stream_is_named_as_unpriced() -> None:
    """It is billed by the gigabyte, which counts of records do not tell."""
    made = bill(run((), (use("kinesis", "PutRecord", "Spiky", 3),)), template(STREAMS))
    assert made.unpriced == ("PutRecord on Spiky: 3",)


def test_the_free_tier_covers_schedules_and_users() -> None:
    uses = (use("scheduler", "Invocation", "Nightly", 20), use("cognito", "ActiveUser", "Users", 1))
    made = bill(run((), uses), template(TEMPLATE))
    assert month(made, 20, 1_000, free_tier=True).usd == 0
    assert month(made, 20, 1_000_000, free_tier=True).of("cognito.essentials-users") == Decimal("600.000")
