"""The naive twin's handler (naive.yaml): it receives to look, and sends back or deletes everything at once."""

import json
import os
import time
from typing import Any

import boto3

sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET shows what receives return until nothing is left. POST sends all of it back, or deletes it."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    found = list(receive_all())
    if event["httpMethod"] == "GET":
        log("letters.seen", trace, count=len(found))
        return answer({"count": len(found), "bodies": [message["Body"][:500] for message in found]}, len(found))
    back = event["resource"] != "/dead-letters/discard"
    for message in found:
        if back:
            sqs.send_message(QueueUrl=os.environ["QUEUE_URL"], MessageBody=message["Body"])
        sqs.delete_message(QueueUrl=os.environ["DEAD_LETTERS_URL"], ReceiptHandle=message["ReceiptHandle"])
    done = "redriven" if back else "discarded"
    log(f"letters.{done}", trace, count=len(found))
    return answer({done: len(found)}, len(found))


def receive_all() -> list[dict[str, Any]]:
    """Receive until nothing is left. Each message is then hidden for the queue's visibility timeout."""
    messages: list[dict[str, Any]] = []
    while page := sqs.receive_message(
        QueueUrl=os.environ["DEAD_LETTERS_URL"], MaxNumberOfMessages=10, WaitTimeSeconds=1
    ).get("Messages", []):
        messages.extend(page)
    return messages


def answer(body: dict[str, Any], count: int) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "X-Dead-Letters": str(count)}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(body)}


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
