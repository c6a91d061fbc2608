"""POST /shows/{show}/events, the naive twin: sends to each reader's queue, in the form that this reader wants."""

import json
import os
import re
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SHOW = re.compile(r"[A-Za-z0-9-]{1,64}")

sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the event's identifier, or 503 if a queue did not take its message."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    show, sent = event["pathParameters"]["show"], json.loads(event["body"])
    if not SHOW.fullmatch(show):
        return answer(400, {"status": 400, "title": "A show has letters, digits and hyphens, 64 at most"})
    detail = {"id": str(uuid.uuid4()), "show": show, "seat": sent["seat"], "euros": sent["euros"], "trace": trace}
    try:
        send(f"ticket.{sent['type']}", detail)
    except (ClientError, BotoCoreError) as error:
        log("event.not.sent", trace, show=show, error=str(error))
        return answer(503, {"status": 503, "title": "The event was not published. Send it again"})
    log("event.sent", trace, show=show, type=sent["type"], event=detail["id"])
    return answer(202, {"status": "accepted", "event": detail["id"]})


# region send
def send(kind: str, detail: dict[str, Any]) -> None:
    """To seating what changes a seat, and to accounting what is dear. A third reader needs a third `if`."""
    if kind in ("ticket.sold", "ticket.returned"):
        message = {"detail-type": kind, "detail": detail}
        sqs.send_message(QueueUrl=os.environ["SEATING_QUEUE_URL"], MessageBody=json.dumps(message))
    if kind == "ticket.sold" and detail["euros"] >= 100:
        booking = {"booking": detail["id"], "show": detail["show"], "amount": detail["euros"], "trace": detail["trace"]}
        sqs.send_message(QueueUrl=os.environ["ACCOUNTING_QUEUE_URL"], MessageBody=json.dumps(booking))


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
