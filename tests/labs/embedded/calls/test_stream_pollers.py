"""A slow stream handler delays its own stream and nothing else."""

import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from catalogue.labs.embedded.calls.stream_pollers import Pollers
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.targets import get_target
from tests.support.waiting import await_true

HANDLER = """
import base64, json, time

def handler(event, context):
    for record in event["Records"]:
        if "kinesis" in record:
            said = base64.b64decode(record["kinesis"]["data"]).decode()
        elif "dynamodb" in record:
            said = record["dynamodb"]["Keys"]["id"]["S"]
        else:
            said = record["body"]
        print(json.dumps({"got": said, "at": time.time()}))
        if said.startswith("slow"):
            time.sleep(10)
        if said.startswith("fail"):
            raise ValueError(said)
"""
SOURCES: dict[str, dict[str, Any]] = {
    "sqs": {"Source": {"Type": "AWS::SQS::Queue"}},
    "kinesis": {"Source": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}},
    "dynamodb": {
        "Source": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        }
    },
}
EVENTS: dict[str, dict[str, Any]] = {
    "sqs": {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Source", "Arn"]}}},
    "kinesis": {
        "Type": "Kinesis",
        "Properties": {"Stream": {"Fn::GetAtt": ["Source", "Arn"]}, "StartingPosition": "TRIM_HORIZON"},
    },
    "dynamodb": {
        "Type": "DynamoDB",
        "Properties": {"Stream": {"Fn::GetAtt": ["Source", "StreamArn"]}, "StartingPosition": "TRIM_HORIZON"},
    },
}


class Deliveries:
    """A stack with one source and one function, which logs what it gets."""

    def __init__(self, name: str, service: str) -> None:
        self.name, self.service = name, service
        target = get_target()
        self.logs = target.client("logs")
        cloudformation = target.client("cloudformation")
        function = {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": f"{name}-Function-0",
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "Timeout": 20,
                "InlineCode": HANDLER,
                "Events": {"Source": EVENTS[service]},
            },
        }
        template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {**SOURCES[service], "Function": function}}
        cloudformation.create_stack(
            StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        )
        self.delete: Callable[[], Any] = lambda: cloudformation.delete_stack(StackName=name)
        status: str = ""

        def ready() -> bool:
            nonlocal status
            status = str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])
            return status != "CREATE_IN_PROGRESS"

        await_true(ready, 30)
        assert status == "CREATE_COMPLETE"
        source = cloudformation.describe_stack_resource(StackName=name, LogicalResourceId="Source")
        self.source = source["StackResourceDetail"]["PhysicalResourceId"]

    def send(self, text: str) -> None:
        client = get_target().client(self.service)
        if self.service == "sqs":
            client.send_message(QueueUrl=self.source, MessageBody=text)
        elif self.service == "kinesis":
            client.put_record(StreamName=self.source, Data=text.encode(), PartitionKey="one")
        else:
            client.put_item(TableName=self.source, Item={"id": {"S": text}})

    def got(self) -> list[tuple[str, float]]:
        """What was delivered, with its time, in the order of the log."""
        group = f"/aws/lambda/{self.name}-Function-0"
        try:
            events = self.logs.filter_log_events(logGroupName=group)["events"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []
        lines = [json.loads(event["message"]) for event in events if event["message"].startswith('{"got"')]
        return [(line["got"], line["at"]) for line in lines]

    def wait_for(self, text: str) -> float:
        """When it was delivered."""
        await_true(lambda: any(got == text for got, _ in self.got()), 60)
        return next(at for got, at in self.got() if got == text)


@pytest.fixture
def stack(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[Callable[[str, str], Deliveries]]:
    made: list[Deliveries] = []

    def make(name: str, service: str) -> Deliveries:
        made.append(Deliveries(name, service))
        return made[-1]

    yield make
    for one in made:
        one.delete()


@pytest.mark.parametrize("slow", ["kinesis", "dynamodb"])
@pytest.mark.parametrize("quick", ["sqs", "kinesis", "dynamodb"])
def test_while_one_stream_handler_sleeps_other_sources_deliver(
    stack: Callable[[str, str], Deliveries], slow: str, quick: str
) -> None:
    busy, other = stack(f"busy-{slow}-{quick}", slow), stack(f"other-{slow}-{quick}", quick)
    other.send("warm")
    other.wait_for("warm")
    busy.send("slow")
    time.sleep(0.7)  # the handler is asleep in it by now
    sent = time.time()
    other.send("now")
    assert other.wait_for("now") - sent < 8, "it waited for the handler that sleeps for ten seconds"


@pytest.mark.parametrize("service", ["kinesis", "dynamodb"])
def test_one_stream_is_delivered_in_order_and_each_record_once(
    stack: Callable[[str, str], Deliveries], service: str
) -> None:
    one = stack(f"ordered-{service}", service)
    names = [f"record-{number:02}" for number in range(30)]
    for name in names:
        one.send(name)
    one.wait_for(names[-1])
    assert [got for got, _ in sorted(one.got(), key=lambda each: each[1])] == names


def test_a_failing_batch_is_tried_again_after_a_pause_and_holds_its_stream(
    stack: Callable[[str, str], Deliveries],
) -> None:
    one = stack("failing", "kinesis")
    one.send("fail")
    one.wait_for("fail")
    one.send("behind")
    await_true(lambda: len(one.got()) >= 3, 60)
    tries = [at for got, at in one.got() if got == "fail"]
    assert min(after - before for before, after in pairwise(tries)) > 0.9


@pytest.mark.parametrize("left", [False, True])
def test_a_poll_that_reads_nothing_is_followed_by_a_pause_only_if_records_are_left(left: bool) -> None:
    """A new mapping's first poll reads nothing: it finds out where the stream ends."""
    from ministack.services import lambda_svc

    records = True
    polls = 0

    def poll() -> bool:
        nonlocal records, polls
        records = left
        polls += 1
        return False

    mapping = {"UUID": f"pause-{left}"}
    pollers = Pollers(lambda: iter([("000000000000", "us-east-1", mapping)]), poll, lambda mapping: records)
    assert pollers.poll_all()
    await_true(lambda: polls and not lambda_svc._esm_inflight.get(mapping["UUID"]), 60)
    records = True
    assert pollers.poll_all() is not left
