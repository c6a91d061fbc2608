"""A bill's lines follow from what was counted, and each says how."""

from decimal import Decimal

import pytest

from catalogue.patterns.costs.bill import CLOUDWATCH, EMULATED, Bill, bill
from catalogue.patterns.costs.money import dollars, number
from catalogue.patterns.costs.prices import price
from tests.patterns.costs.runs import bare, invocation, request, run, template, use


def quantity(made: Bill, key: str) -> Decimal:
    return sum((line.quantity for line in made.lines if line.key == key), Decimal(0))


def test_invocations_are_billed_by_the_request_and_by_memory_times_time() -> None:
    made = bill(run((request(), invocation(billed_ms=250), invocation(billed_ms=150))), bare())
    assert quantity(made, "lambda.requests") == 2
    assert quantity(made, "lambda.duration-arm") == Decimal("0.2")  # 0.4 s at half a GB
    assert made.of("lambda.duration-arm") == Decimal("0.2") * price("lambda.duration-arm").usd
    assert quantity(made, "apigateway.rest-requests") == 1
    assert made.requests == 1


def test_what_the_target_counted_comes_before_what_the_events_show() -> None:
    uses = (use("api-gateway", "Request", "Api", 7), use("lambda", "Invoke", "Orders", 3, 0.3))
    made = bill(run((request(), invocation()), uses), bare())
    assert quantity(made, "apigateway.rest-requests") == 7
    assert quantity(made, "lambda.requests") == 3
    assert quantity(made, "lambda.duration-arm") == Decimal("0.3")
    duration = next(line for line in made.lines if line.key == "lambda.duration-arm")
    assert "600 billed ms at 512 MB" in duration.formula


def test_calls_without_a_valid_token_cost_nothing_at_the_gateway() -> None:
    events = (
        request("1-no", 401),
        request("1-bad", 403),
        invocation("Guard", "1-bad", memory_mb=128),
        request("1-own", 403),
        invocation("Orders", "1-own"),
        request("1-ok"),
    )
    made = bill(run(events), template())
    assert quantity(made, "apigateway.rest-requests") == 2
    assert made.requests == 4


@pytest.mark.parametrize(
    ("counted", "key", "expected"),
    [
        (use("sqs", "SendMessage", "Queue", 2, 3), "sqs.standard-requests", 3),
        (use("sqs", "SendMessage", "Ordered", 2), "sqs.fifo-requests", 2),
        (use("sns", "Publish", "Topic", 2), "sns.publishes", 2),
        (use("sns", "DeliverToSQS", "Topic", 6), "sns.sqs-deliveries", 6),
        (use("dynamodb", "PutItem", "Table", 2, 4), "dynamodb.write-requests", 4),
        (use("dynamodb", "Query", "Table", 1, 0.5), "dynamodb.read-requests", Decimal("0.5")),
        (use("s3", "PutObject", "Bucket", 3), "s3.put-requests", 3),
        (use("s3", "GetObject", "Bucket", 3), "s3.get-requests", 3),
        (use("secrets-manager", "GetSecretValue", "Key", 2), "secretsmanager.calls", 2),
        (use("step-functions", "StateTransition", "Machine", 9), "stepfunctions.transitions", 9),
        (use("eventbridge", "PutEvents", "Bus", 2), "eventbridge.events", 2),
        (use("cloudwatch", "PutLogEvents", "Orders", 5, 2**30), "cloudwatch.logs-ingestion", 1),
    ],
)
def test_every_operation_is_billed_under_its_price(counted: object, key: str, expected: Decimal) -> None:
    made = bill(run((), (counted,)), template())  # type: ignore[arg-type]
    assert quantity(made, key) == expected
    assert not made.unpriced


def test_what_aws_gives_away_makes_no_line_and_what_has_no_price_is_named() -> None:
    uses = (
        use("s3", "DeleteObject", "Bucket", 1),
        use("dynamodb", "GetRecords", "Table", 4),
        use("kinesis", "MergeShards", "Stream", 2),
    )
    made = bill(run((), uses), bare())
    assert made.lines == ()
    assert made.unpriced == ("MergeShards on Stream: 2",)


def test_a_cache_costs_its_hours_and_a_secret_its_share_of_the_month() -> None:
    made = bill(run(ms=1_800_000), template())
    assert made.of("apigateway.cache-0.5gb") == Decimal("0.010")
    assert quantity(made, "secretsmanager.secret") == pytest.approx(Decimal("0.5") / 730)
    assert all(line.standing for line in made.lines)


def test_every_line_shows_its_sum_its_source_and_its_date() -> None:
    made = bill(run((request(),), (use("sqs", "SendMessage", "Queue", 3),)), template())
    for line in made.lines:
        assert line.source == price(line.key).source
        assert line.as_of == price(line.key).as_of
        assert line.formula.endswith(f"= {dollars(line.usd)}")
    sending = next(line for line in made.lines if line.key == "sqs.standard-requests")
    assert sending.formula == "SendMessage on Queue: 3 = 3 requests. 3 × $0.40 ÷ 1,000,000 = $0.0000012"


def test_a_bill_says_where_its_durations_come_from() -> None:
    assert EMULATED in bill(run(), bare()).notes
    assert CLOUDWATCH in bill(run(target="aws"), bare()).notes


def test_a_bill_as_json_holds_exact_texts() -> None:
    document = bill(run((), (use("sqs", "SendMessage", "Queue", 1),)), template()).document()
    line = next(line for line in document["lines"] if line["price"] == "sqs.standard-requests")
    assert (line["usd"], line["quantity"]) == ("0.0000004", "1")


@pytest.mark.parametrize(
    ("usd", "written"),
    [
        ("0", "$0"),
        ("0.0000004", "$0.0000004"),
        ("0.00001234", "$0.0000123"),
        ("0.0899999", "$0.09"),
        ("0.425", "$0.42"),
        ("1234.567", "$1,234.57"),
    ],
)
def test_amounts_are_written_without_noise(usd: str, written: str) -> None:
    assert dollars(Decimal(usd)) == written


@pytest.mark.parametrize(("value", "written"), [("1000000", "1,000,000"), ("0.20", "0.2"), ("0.008642", "0.00864")])
def test_quantities_are_written_for_reading(value: str, written: str) -> None:
    assert number(Decimal(value)) == written


SHARED = """
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Memory: {Type: Number, Default: 1024}
Conditions:
  Never: !Equals [a, b]
Globals:
  Function: {MemorySize: 256, Architectures: [arm64]}
Resources:
  Orders: {Type: AWS::Serverless::Function, Properties: {Handler: app.handler}}
  Large: {Type: AWS::Serverless::Function, Properties: {MemorySize: !Ref Memory, Architectures: [x86_64]}}
  Queue: {Type: AWS::SQS::Queue}
  Idle:
    Type: AWS::SecretsManager::Secret
    Condition: Never
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Batch: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}
"""


def test_memory_and_architecture_count_as_sam_translates_them() -> None:
    uses = (use("lambda", "Invoke", "Orders", 1, 0.1), use("lambda", "Invoke", "Large", 1, 0.1))
    made = bill(run((), uses), template(SHARED))
    arm = next(line for line in made.lines if line.key == "lambda.duration-arm")
    x86 = next(line for line in made.lines if line.key == "lambda.duration-x86")
    assert (arm.quantity, x86.quantity) == (Decimal("0.1"), Decimal("0.1"))
    assert "400 billed ms at 256 MB" in arm.formula
    assert "100 billed ms at 1,024 MB" in x86.formula


def test_what_a_condition_leaves_out_costs_nothing_and_sams_event_sources_poll() -> None:
    stands = bill(run(()), template(SHARED)).standing
    assert [(one.key, one.what.split(":")[0]) for one in stands] == [
        ("sqs.standard-requests", "WorkerBatch polling Queue")
    ]


def test_each_pattern_is_billed_at_the_memory_and_architecture_of_its_translated_template() -> None:
    from django.conf import settings

    from catalogue.patterns.cloudformation.stack.sam import translated
    from catalogue.patterns.cloudformation.template import read_template
    from catalogue.patterns.services.lambda_.pricing import duration_key, memory_mb

    for path in sorted((settings.BASE_DIR / "patterns_content").glob("*/template.yaml")):
        own = read_template(path, path.read_text("utf-8"))
        for logical, resource in translated(own.document.value)["Resources"].items():
            if resource["Type"] == "AWS::Lambda::Function":
                properties = resource["Properties"]
                is_arm = properties.get("Architectures") == ["arm64"]
                assert duration_key(own, logical) == f"lambda.duration-{'arm' if is_arm else 'x86'}", (path, logical)
                assert memory_mb(own.as_deployed, logical) == properties.get("MemorySize", 128), (path, logical)
