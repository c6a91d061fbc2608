#!/usr/bin/env bash
# MiniStack: with AUTH=true, a batch call of SQS is refused to a user who may make the single call.
#
# Seen with ministack 1.5.33. A user whose policy allows sqs:SendMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility can make
# these calls, and gets AccessDenied for SendMessageBatch, DeleteMessageBatch and ChangeMessageVisibilityBatch. With the names of
# the batch calls in the policy, they work. On AWS these permissions do not exist: the permission of the single call is the
# permission of the batch call (https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html,
# "Permissions"). So a policy that is right on AWS fails here, and one that works here may name permissions that AWS does not know.
#
# Needs Python 3.10 or newer and the package index; listens on a free port of 127.0.0.1. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "ministack==1.5.33" "boto3==1.43.106"
cd "$folder"
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version

import boto3
from botocore.exceptions import ClientError

folder = sys.argv[1]
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
own = dict.fromkeys(("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"), folder)
environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "GATEWAY_PORT": port, "EDGE_PORT": port, **own}
environment |= {"AUTH": "true", "IOT_MTLS_ENABLED": "0", "SFTP_ENABLED": "0", "LOG_LEVEL": "ERROR"}
url = f"http://127.0.0.1:{port}"
emulator = subprocess.Popen(
    [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "ministack.app:app"],
    env=environment,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)


def client(service, key="test", secret="test"):
    return boto3.client(
        service, endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret
    )


def healthy():
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return urllib.request.urlopen(url + "/_ministack/health", timeout=1)
        except OSError:
            time.sleep(0.1)
    raise SystemExit("It did not start within a minute.")


def outcome(call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"].rpartition(".")[2]
    return "done"


def outcomes(actions):
    """What a user with permission for these actions gets for each single call and its batch."""
    iam, name = client("iam"), f"user-{len(actions)}"
    iam.create_user(UserName=name)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName=name, PolicyName="sqs", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    queue = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    sqs = client("sqs", key["AccessKeyId"], key["SecretAccessKey"])
    found = {"SendMessage": outcome(sqs.send_message, QueueUrl=queue, MessageBody="1")}
    for number in range(4):
        client("sqs").send_message(QueueUrl=queue, MessageBody=str(number))
    taken = client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    handles = [message["ReceiptHandle"] for message in taken]
    later = {"QueueUrl": queue, "VisibilityTimeout": 60}
    found["ChangeMessageVisibility"] = outcome(sqs.change_message_visibility, ReceiptHandle=handles[0], **later)
    found["DeleteMessage"] = outcome(sqs.delete_message, QueueUrl=queue, ReceiptHandle=handles[1])
    entries = {
        "SendMessageBatch": (sqs.send_message_batch, {"Id": "1", "MessageBody": "1"}),
        "ChangeMessageVisibilityBatch": (
            sqs.change_message_visibility_batch,
            {"Id": "1", "ReceiptHandle": handles[2], "VisibilityTimeout": 60},
        ),
        "DeleteMessageBatch": (sqs.delete_message_batch, {"Id": "1", "ReceiptHandle": handles[3]}),
    }
    found |= {name: outcome(call, QueueUrl=queue, Entries=[entry]) for name, (call, entry) in entries.items()}
    return found


SINGLE = ["sqs:SendMessage", "sqs:ChangeMessageVisibility", "sqs:DeleteMessage"]
try:
    healthy()
    one, both = outcomes(SINGLE), outcomes([*SINGLE, *[f"{action}Batch" for action in SINGLE]])
    print(f"ministack {version('ministack')}, AUTH=true")
    for call, result in one.items():
        print(f"  {call}: {result} with the single permissions (AWS: done), {both[call]} with the batch ones added")
finally:
    emulator.terminate()
    emulator.wait()
as_seen = all((result == "done") != call.endswith("Batch") for call, result in one.items())
sys.exit(not (as_seen and set(both.values()) == {"done"}))
PYTHON
