"""Does with one service what the variable DOES says, and hands on the trace of the call."""

import json
import os
import time
from collections.abc import Callable
from typing import Any

import boto3

TARGET = os.environ.get("TARGET", "")


def put_events(said: str) -> None:
    entry = {"Source": "lab", "DetailType": "said", "Detail": said, "EventBusName": TARGET}
    boto3.client("events").put_events(Entries=[entry])


def put_object(said: str) -> None:
    trace = json.loads(said)["trace"].partition("=")[2]
    boto3.client("s3").put_object(Bucket=TARGET, Key=f"{trace}.json", Body=said)


def put_item(said: str) -> None:
    item = {"id": {"S": str(time.time())}, "said": {"S": said}}
    boto3.client("dynamodb").put_item(TableName=TARGET, Item=item)


def put_record(said: str) -> None:
    boto3.client("kinesis").put_record(StreamName=TARGET, Data=said.encode(), PartitionKey="one")


def start_execution(said: str) -> None:
    boto3.client("stepfunctions").start_execution(stateMachineArn=TARGET, input=said)


def sign_in(said: str) -> None:
    pools, client = boto3.client("cognito-idp"), os.environ["CLIENT"]
    user, word = f"user-{time.time()}", "Long-enough-1"
    nickname = {"Name": "nickname", "Value": json.loads(said)["trace"]}
    pools.sign_up(ClientId=client, Username=user, Password=word, UserAttributes=[nickname])
    parameters = {"USERNAME": user, "PASSWORD": word}
    pools.admin_initiate_auth(
        UserPoolId=TARGET, ClientId=client, AuthFlow="ADMIN_USER_PASSWORD_AUTH", AuthParameters=parameters
    )


def nothing(said: str) -> None:
    """The call itself is what is shown."""


DOES: dict[str, Callable[[str], None]] = {
    "put-events": put_events,
    "put-object": put_object,
    "put-item": put_item,
    "put-record": put_record,
    "start-execution": start_execution,
    "sign-in": sign_in,
    "nothing": nothing,
}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    print(json.dumps({"at": time.time(), "step": "web.called", "trace": trace}))
    DOES[os.environ["DOES"]](json.dumps({"trace": trace}))
    return {"statusCode": 200, "body": json.dumps({"trace": trace})}
