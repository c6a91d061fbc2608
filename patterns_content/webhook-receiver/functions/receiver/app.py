"""POST /webhooks/payments: verifies a delivery, puts it into the queue, and answers."""

import base64
import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from keys import keys
from signature import Refused, verify

MOST_BYTES = 256 * 1024

sqs = boto3.client("sqs")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 once the delivery is stored, 401 if it is refused, 413 if it is too large, 503 to have it again."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace, body = headers.get("x-amzn-trace-id", ""), raw_body(event)
    if len(body) > MOST_BYTES:
        return problem(413, "A delivery has at most 256 KB")
    try:
        number = verify(headers, body, keys(), time.time(), float(os.environ["TOLERANCE_SECONDS"]))
        store(number, body.decode(), trace)
    except (Refused, UnicodeDecodeError) as refused:
        log("delivery.refused", trace, reason=str(refused))
        return problem(401, f"The delivery was refused: {refused}")
    except (ClientError, BotoCoreError) as error:
        log("delivery.not.stored", trace, error=str(error))
        return problem(503, "The delivery was not stored. Send it again")
    log("delivery.stored", trace, event=number)
    return answer(202, {"status": "stored", "event": number})


def raw_body(event: dict[str, Any]) -> bytes:
    """The bytes that the provider has signed. Parsed and written again, the same JSON can be other bytes."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")


# endregion


def store(number: str, body: str, trace: str) -> None:
    """Put the delivery into the queue, as it came. Nothing else is done before the answer."""
    sqs.send_message(
        QueueUrl=os.environ["EVENT_QUEUE_URL"],
        MessageBody=json.dumps({"event": number, "body": body}),
        MessageAttributes={"trace": {"DataType": "String", "StringValue": f"trace:{trace}"}},
    )


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
