"""The postbox's counter: answers in every way that the edge must cope with, and takes letters."""

import json
import os
import time
from typing import Any

import boto3

sqs = boto3.client("sqs")
state = {"calls": 0}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    state["calls"] += 1
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    query = event.get("queryStringParameters") or {}
    print(json.dumps({"at": time.time(), "step": "request.received", "trace": trace, "path": event["path"]}))
    match event["path"]:
        case "/fail":
            raise ValueError("the counter is closed")
        case "/slow":
            time.sleep(float(query["seconds"]))
        case "/big":
            return answer(200, "x" * int(query["bytes"]), {"Content-Type": "text/plain"})
        case "/page":
            return answer(200, "<script>alert(1)</script>", {"Content-Type": "text/html", "Set-Cookie": "a=b"})
        case "/moved":
            return answer(303, "", {"Location": "/live/letters/1"})
        case "/letters":
            return post_letter(event, trace)
    said = {"calls": state["calls"], "headers": headers, "event": event}
    return answer(200, json.dumps(said), {"Content-Type": "application/json", "X-Own": "yes"})


def post_letter(event: dict[str, Any], trace: str) -> dict[str, Any]:
    sent = sqs.send_message(
        QueueUrl=os.environ["QUEUE_URL"],
        MessageBody=event["body"],
        MessageSystemAttributes={"AWSTraceHeader": {"DataType": "String", "StringValue": trace}},
    )
    return answer(202, json.dumps({"letter": sent["MessageId"]}), {"Content-Type": "application/json"})


def answer(status: int, body: str, headers: dict[str, str]) -> dict[str, Any]:
    return {"statusCode": status, "headers": headers, "body": body}
