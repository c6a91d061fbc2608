"""File Processing: what the embedded AWS does, as the pattern's ledger reports it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.labs.fidelity.conftest import Stack, until

SLUG = "file-processing"
CSV = "hour,tenths\n6,7\n"
pytestmark = pytest.mark.lab

SHOW = """
import json

def handler(event, context):
    print(json.dumps({"shown": event["Records"][0]["s3"]}))
"""
"""A function that logs the bucket and the object of its event."""

LOOP = """
import json
import boto3

def handler(event, context):
    found = event["Records"][0]["s3"]
    rounds = found["object"]["key"].count(".again")
    print(json.dumps({"rounds": f"r{rounds}."}))
    if rounds < 24:
        place = found["object"]["key"].removesuffix(".csv") + ".again.csv"
        boto3.client("s3").put_object(Bucket=found["bucket"]["name"], Key=place, Body=b"")
"""
"""A function that starts itself 24 times, more often than Lambda on AWS would allow."""

WRITE = """
import os
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        boto3.client("s3").put_object(Bucket=event["bucket"], Key=event["key"], Body=b"")
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    return {"code": "stored"}
"""
"""A function that says what S3 answers when it stores an object."""


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def upload(stack: Stack, name: str, csv: str = CSV) -> None:
    assert stack.call("POST", "/files", json={"name": name, "csv": csv}).status == 202


def shown(stack: Stack, number: int) -> list[dict[str, Any]]:
    """What the function of `SHOW` got, once it has got so much."""
    until(lambda: len(stack.lines("ProcessorFunction", "shown")) >= number)
    found = [json.loads(line.message) for line in stack.lines("ProcessorFunction", "shown")]
    return [one["shown"]["object"] for one in found]


@pytest.mark.ledger(SLUG, "overlap")
def test_overlapping_filters_are_accepted(stack: Stack) -> None:
    stack.replace_handler("ProcessorFunction", SHOW)
    bucket, s3 = stack.id("IncomingBucket"), stack.client("s3")
    (rule,) = s3.get_bucket_notification_configuration(Bucket=bucket)["LambdaFunctionConfigurations"]
    twice = [{**rule, "Id": name} for name in ("one", "two")]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"LambdaFunctionConfigurations": twice}
    )
    upload(stack, "one.csv")
    assert [one["key"] for one in shown(stack, 2)] == ["incoming/one.csv"] * 2


@pytest.mark.ledger(SLUG, "sequencer")
def test_a_later_upload_has_a_greater_sequencer(stack: Stack) -> None:
    stack.replace_handler("ProcessorFunction", SHOW)
    for number, name in enumerate(("same.csv", "other.csv", "same.csv"), start=1):
        upload(stack, name)
        shown(stack, number)
    numbers = [one["sequencer"] for one in shown(stack, 3)]
    assert {len(number) for number in numbers} == {18}
    assert sorted(set(numbers)) == sorted(numbers)
    same = [one["sequencer"] for one in shown(stack, 3) if one["key"].endswith("same.csv")]
    other = [one["sequencer"] for one in shown(stack, 3) if one["key"].endswith("other.csv")]
    assert min(same) < other[0] < max(same)


@pytest.mark.ledger(SLUG, "retries")
@pytest.mark.ledger(SLUG, "failed-events")
def test_a_failed_event_is_kept_in_an_envelope(stack: Stack) -> None:
    stack.replace_handler("ProcessorFunction", "def handler(event, context): raise ValueError('no')")
    upload(stack, "a b.csv")
    sqs, queue = stack.client("sqs"), stack.id("FailedEvents")
    (message,) = until(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    envelope = json.loads(message["Body"])
    assert envelope["requestPayload"]["Records"][0]["s3"]["object"]["key"] == "incoming/a+b.csv"
    assert envelope["requestContext"]["condition"] == "RetriesExhausted"
    assert envelope["requestContext"]["approximateInvokeCount"] == 3


@pytest.mark.ledger(SLUG, "recursion")
def test_a_loop_is_not_detected(stack: Stack) -> None:
    stack.replace_handler("ProcessorFunction", LOOP)
    allowed = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    stack.client("iam").put_role_policy(
        RoleName=stack.id("ProcessorFunctionRole"),
        PolicyName="loop",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    upload(stack, "loop.csv")
    until(lambda: stack.lines("ProcessorFunction", "r24."))


@pytest.mark.ledger(SLUG, "permissions")
def test_the_processor_cannot_write_where_it_reads(stack: Stack) -> None:
    stack.replace_handler("ProcessorFunction", WRITE)

    def stored(bucket: str, key: str) -> str:
        event = json.dumps({"bucket": stack.id(bucket), "key": key}).encode()
        answer = stack.client("lambda").invoke(FunctionName=stack.id("ProcessorFunction"), Payload=event)
        return str(json.loads(answer["Payload"].read())["code"])

    assert stored("IncomingBucket", "incoming/one.csv") == "AccessDenied"
    assert stored("SummaryBucket", "summaries/one.json") == "stored"


@pytest.mark.ledger(SLUG, "throttled")
def test_an_event_for_a_throttled_function_is_lost(stack: Stack) -> None:
    functions, recorder = stack.client("lambda"), stack.id("RecorderFunction")
    functions.put_function_concurrency(FunctionName=recorder, ReservedConcurrentExecutions=0)
    upload(stack, "lost.csv")
    until(lambda: stack.lines("ProcessorFunction", "file.processed"))
    functions.delete_function_concurrency(FunctionName=recorder)
    upload(stack, "found.csv")
    until(lambda: stack.lines("RecorderFunction", "found.csv"))
    assert stack.lines("RecorderFunction", "lost.csv") == []
