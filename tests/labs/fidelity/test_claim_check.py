"""Claim Check: what the embedded AWS does, as the pattern's ledger reports it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from catalogue.labs.lifecycle.services import delete_lab
from tests.labs.fidelity.conftest import Stack, until

SLUG = "claim-check"
MIB = 1_048_576
pytestmark = pytest.mark.lab

ASK = """
import json, os
import boto3
from botocore.exceptions import ClientError

def handler(event, context):
    try:
        boto3.client("s3").get_object(Bucket=os.environ["EXPORT_BUCKET"], Key=event["key"])
    except ClientError as error:
        return {"code": error.response["Error"]["Code"]}
    return {"code": "found"}
"""
"""A function that says what S3 answers its role."""


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def invoke(stack: Stack, function: str, event: dict[str, Any]) -> dict[str, Any]:
    answer = stack.client("lambda").invoke(FunctionName=stack.id(function), Payload=json.dumps(event).encode())
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def put(stack: Stack, key: str = "exports/one") -> None:
    stack.client("s3").put_object(Bucket=stack.id("ExportBucket"), Key=key, Body=io.BytesIO(b"{}"))


@pytest.mark.ledger(SLUG, "message-size")
def test_the_body_of_a_message_has_at_most_1_mib(stack: Stack) -> None:
    queue = stack.id("ClaimDeadLetters")
    attribute = {"trace": {"DataType": "String", "StringValue": "trace:Root=1-abc"}}
    stack.client("sqs").send_message(QueueUrl=queue, MessageBody="x" * MIB, MessageAttributes=attribute)
    with pytest.raises(ClientError) as refused:
        stack.client("sqs").send_message(QueueUrl=queue, MessageBody="x" * (MIB + 1))
    assert refused.value.response["Error"]["Code"].endswith("InvalidParameterValue")


@pytest.mark.ledger(SLUG, "gone")
def test_a_missing_object_is_404_even_without_the_permission_to_list(stack: Stack) -> None:
    stack.replace_handler("WorkerFunction", ASK)
    assert invoke(stack, "WorkerFunction", {"key": "exports/none"}) == {"code": "NoSuchKey"}
    role = stack.id("WorkerFunctionRole")
    denial = {"Effect": "Deny", "Action": "s3:ListBucket", "Resource": "*"}
    stack.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="no-list",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denial]}),
    )
    assert invoke(stack, "WorkerFunction", {"key": "exports/none"}) == {"code": "NoSuchKey"}


@pytest.mark.ledger(SLUG, "deleted-twice")
def test_an_object_can_be_deleted_twice(stack: Stack) -> None:
    put(stack)
    for _ in range(2):
        answer = stack.client("s3").delete_object(Bucket=stack.id("ExportBucket"), Key="exports/one")
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.ledger(SLUG, "lifecycle")
def test_the_lifecycle_rule_is_set_after_the_deployment(stack: Stack) -> None:
    (rule,) = stack.client("s3").get_bucket_lifecycle_configuration(Bucket=stack.id("ExportBucket"))["Rules"]
    assert (rule["ID"], rule["Status"], rule["Filter"]["Prefix"]) == ("forgotten-exports", "Enabled", "exports/")
    assert rule["Expiration"]["Days"] == 30


@pytest.mark.ledger(SLUG, "permissions")
def test_the_exporter_may_not_read_what_it_stores(stack: Stack) -> None:
    put(stack)
    stack.replace_handler("ExporterFunction", ASK)
    assert invoke(stack, "ExporterFunction", {"key": "exports/one"}) == {"code": "AccessDenied"}
    stack.replace_handler("WorkerFunction", ASK)
    assert invoke(stack, "WorkerFunction", {"key": "exports/one"}) == {"code": "found"}
    put(stack, "elsewhere/one")
    assert invoke(stack, "WorkerFunction", {"key": "elsewhere/one"}) == {"code": "AccessDenied"}


@pytest.mark.ledger(SLUG, "deletion")
def test_a_bucket_with_objects_is_deleted_with_its_stack(stack: Stack) -> None:
    put(stack)
    bucket, s3 = stack.id("ExportBucket"), stack.client("s3")
    names = {one["Name"] for one in s3.list_buckets()["Buckets"]}
    assert bucket in names
    assert delete_lab(stack.lab)
    until(lambda: bucket not in {one["Name"] for one in s3.list_buckets()["Buckets"]}, 30)


@pytest.mark.ledger(SLUG, "redrive")
def test_the_emulator_moves_no_messages_itself(stack: Stack) -> None:
    sqs = stack.client("sqs")
    arn = sqs.get_queue_attributes(QueueUrl=stack.id("ClaimDeadLetters"), AttributeNames=["QueueArn"])
    with pytest.raises(ClientError) as refused:
        sqs.start_message_move_task(SourceArn=arn["Attributes"]["QueueArn"])
    assert "Invalid" in refused.value.response["Error"]["Code"]
