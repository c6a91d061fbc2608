#!/usr/bin/env bash
# MiniStack: a malformed partial batch response deletes the whole batch, where AWS Lambda retries it.
#
# Seen with ministack 1.5.33, an SQS event source with ReportBatchItemFailures and a batch of three messages. An
# itemIdentifier that is empty or null, or whose key is misspelt, deletes all three; a batchItemFailures of null keeps all
# three. Lambda documents the reverse of both: the former are a complete failure, the latter is a complete success
# (https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html, "Success and failure conditions").
# A failure that is reported correctly keeps its message and no other. But a misspelt key, which on AWS shows at once as messages that come again and again, passes every test here.
#
# Needs Python 3.10 or newer and the package index; listens on a free port of 127.0.0.1. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "ministack==1.5.33" "boto3==1.43.106"
cd "$folder"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from importlib.metadata import version

import boto3

folder = sys.argv[1]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
own = dict.fromkeys(("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"), folder)
environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GATEWAY_PORT": port, "EDGE_PORT": port, **own}
environment |= {"IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LOG_LEVEL": "ERROR"}
url = f"http://127.0.0.1:{port}"
emulator = subprocess.Popen(
    [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "ministack.app:app"],
    env=environment,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)


def client(service):
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
    )


def until(happens):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            if happens():
                return
        except Exception:  # not there yet
            pass
        time.sleep(0.1)
    raise SystemExit("It did not happen within a minute.")


def left(number, answer):
    """How many of three messages remain once a function has answered their batch so."""
    sqs, functions, logs, name = client("sqs"), client("lambda"), client("logs"), f"f{number}"
    queue = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", f"def handler(event, context):\n    print('called')\n    return {answer}\n")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="app.handler",
        Role="arn:aws:iam::000000000000:role/any",
        Code={"ZipFile": code.getvalue()},
        Timeout=30,
    )
    sqs.send_message_batch(QueueUrl=queue, Entries=[{"Id": str(one), "MessageBody": str(one)} for one in range(3)])
    functions.create_event_source_mapping(
        EventSourceArn=f"arn:aws:sqs:us-east-1:000000000000:{name}",
        FunctionName=name,
        BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    until(lambda: logs.filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="called")["events"])
    time.sleep(1)  # for what comes after the function's answer
    counts = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    return int(counts["ApproximateNumberOfMessages"]) + int(counts["ApproximateNumberOfMessagesNotVisible"])


FIRST = "event['Records'][0]['messageId']"
cases = {  # what the function returns: (messages left on MiniStack, on AWS)
    f"{{'batchItemFailures': [{{'itemIdentifier': {FIRST}}}]}}": (1, 1),
    "{'batchItemFailures': []}": (0, 0),
    "{'batchItemFailures': [{'itemIdentifier': ''}]}": (0, 3),
    "{'batchItemFailures': [{'itemIdentifier': None}]}": (0, 3),
    f"{{'batchItemFailures': [{{'itemId': {FIRST}}}]}}": (0, 3),
    "{'batchItemFailures': None}": (3, 0),
}
try:
    until(lambda: urllib.request.urlopen(url + "/_ministack/health", timeout=1))
    print(f"ministack {version('ministack')}: messages of three that are left")
    as_expected = True
    for number, (answer, (here, on_aws)) in enumerate(cases.items()):
        found = left(number, answer)
        as_expected &= found == here
        print(f"  {answer}: {found} (AWS: {on_aws})")
finally:
    emulator.terminate()
    emulator.wait()
sys.exit(not as_expected)
PYTHON
