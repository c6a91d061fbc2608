"""How long deliveries to other labs wait while one lab's stream handler sleeps four seconds for each record.

Straight at the emulator; from the moment that a message is sent until the handler has it. With BENCH_BEFORE, an earlier
checkout is measured as well.
"""

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from tests.bench import bare_emulator
from tests.bench.bare_emulator import BareEmulator
from tests.bench.figures import Figure, percentile
from tests.support.site import ROOT

MESSAGES = 20
PAUSE_SECONDS = 0.5
"""On average, between two messages of a source."""
WAIT_SECONDS = 20.0
SLEEP_SECONDS = 4
HANDLER = """
import base64, json, time

def handler(event, context):
    for record in event["Records"]:
        if "kinesis" in record:
            time.sleep(SECONDS)
        else:
            said = record["body"] if "body" in record else record["dynamodb"]["Keys"]["id"]["S"]
            print(json.dumps({"got": said, "at": time.time()}))
""".replace("SECONDS", str(SLEEP_SECONDS))


async def measure_alone() -> AsyncIterator[Figure]:
    roots = {"": ROOT}
    if before := os.environ.get("BENCH_BEFORE"):
        roots["the build before: "] = Path(before)
    for build, root in roots.items():
        for source, (waits, lost) in (await asyncio.to_thread(_waits, root)).items():
            name = f"{build}{source} beside a stream handler that sleeps {SLEEP_SECONDS} s"
            goal = {} if build else {"bound": "at most", "goal": 0.1}
            yield Figure(f"{name}: p50", percentile(waits, 50), "s", len(waits), lost)
            yield Figure(f"{name}: p95", percentile(waits, 95), "s", len(waits), lost, **goal)  # type: ignore[arg-type]


def _waits(root: Path) -> dict[str, tuple[list[float], int]]:
    """Seconds by source, and how many messages did not arrive."""
    with bare_emulator.running(root) as emulator:
        slow = emulator.deploy("slow", _resources("kinesis"))["Source"]
        senders: dict[str, tuple[str, Callable[[str], Any]]] = {}
        for service, make in (("SQS", _queue), ("DynamoDB stream", _table)):
            found = emulator.deploy(service.replace(" ", "-"), _resources(service))
            senders[service] = found["Function"], make(emulator, found["Source"])
        kinesis = emulator.client("kinesis")
        for service, (function, send) in senders.items():
            send("warm")
            _wait(emulator, function, {"warm"}, service)
        sent: dict[str, dict[str, float]] = {service: {} for service in senders}
        started, slept = time.monotonic(), -1
        for number in range(MESSAGES):
            if (now := int((time.monotonic() - started) / (SLEEP_SECONDS - 1))) > slept:  # one is always asleep
                slept = now
                kinesis.put_record(StreamName=slow, Data=b"slow", PartitionKey="one")
            for service, (_, send) in senders.items():
                time.sleep(random.uniform(0, PAUSE_SECONDS))
                sent[service][str(number)] = time.time()
                send(str(number))
        result = {}
        for service, (function, _) in senders.items():
            got = _wait(emulator, function, set(sent[service]), service)
            waits = [got[name] - at for name, at in sent[service].items() if name in got]
            result[service] = waits, MESSAGES - len(waits)
        return result


def _queue(emulator: BareEmulator, url: str) -> Callable[[str], Any]:
    sqs = emulator.client("sqs")
    return lambda text: sqs.send_message(QueueUrl=url, MessageBody=text)


def _table(emulator: BareEmulator, name: str) -> Callable[[str], Any]:
    dynamodb = emulator.client("dynamodb")
    return lambda text: dynamodb.put_item(TableName=name, Item={"id": {"S": text}})


def _wait(emulator: BareEmulator, function: str, wanted: set[str], service: str) -> dict[str, float]:
    """When each message was delivered, once all are or the time is over."""
    logs = emulator.client("logs")
    deadline = time.monotonic() + WAIT_SECONDS
    got: dict[str, float] = {}
    while not wanted <= got.keys() and time.monotonic() < deadline:
        time.sleep(0.2)
        if not logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{function}")["logGroups"]:
            continue
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/{function}")["events"]
        lines = [json.loads(event["message"]) for event in events if event["message"].startswith('{"got"')]
        got = {line["got"]: line["at"] for line in lines}
    return got


def _resources(service: str) -> dict[str, Any]:
    """A source and the function that it calls."""
    stream = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 1}
    if service == "SQS":
        source: dict[str, Any] = {"Type": "AWS::SQS::Queue"}
        event = {"Type": "SQS", "Properties": {"Queue": {"Fn::GetAtt": ["Source", "Arn"]}}}
    elif service == "kinesis":
        source = {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}}
        event = {"Type": "Kinesis", "Properties": {"Stream": {"Fn::GetAtt": ["Source", "Arn"]}, **stream}}
    else:
        source = {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            },
        }
        event = {"Type": "DynamoDB", "Properties": {"Stream": {"Fn::GetAtt": ["Source", "StreamArn"]}, **stream}}
    function = {
        "Type": "AWS::Serverless::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Timeout": 20,
            "InlineCode": HANDLER,
            "Events": {"Source": event},
        },
    }
    return {"Source": source, "Function": function}
