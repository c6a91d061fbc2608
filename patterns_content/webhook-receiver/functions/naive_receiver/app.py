"""POST /webhooks/payments, the naive twin: verifies a delivery, changes the payment, and answers when that is done."""

import base64
import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from keys import keys
from payment import Event, NotAnEvent, event_in
from signature import Refused, verify

dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 once the payment is changed, 400 or 401 for a delivery that is none, 500 if it could not be changed."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace, body = headers.get("x-amzn-trace-id", ""), raw_body(event)
    try:
        number = verify(headers, body, keys(), time.time(), float(os.environ["TOLERANCE_SECONDS"]))
        change(event_in(json.dumps({"event": number, "body": body.decode()})), trace)
    except (Refused, UnicodeDecodeError) as refused:
        log("delivery.refused", trace, reason=str(refused))
        return answer(401, {"status": "refused"})
    except NotAnEvent:
        return answer(400, {"status": "no event"})
    except (ClientError, BotoCoreError) as error:
        log("delivery.failed", trace, error=str(error))
        return answer(500, {"status": "failed"})
    return answer(200, {"status": "done"})


def change(event: Event, trace: str) -> None:
    """Set the payment to what the event says."""
    dynamodb.update_item(
        TableName=os.environ["PAYMENTS_TABLE"],
        Key={"payment": {"S": event.payment}},
        UpdateExpression="SET #status = :status, version = :version ADD events :one",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":status": {"S": event.status},
            ":version": {"N": str(event.version)},
            ":one": {"N": "1"},
        },
    )
    log("payment.changed", trace, payment=event.payment, status=event.status, version=event.version)


# endregion


def raw_body(event: dict[str, Any]) -> bytes:
    """The bytes that the provider has signed."""
    body = event.get("body") or ""
    return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
