"""POST /shows/{show}/events: puts an event on the bus. It does not know who reads it."""

import json
import os
import re
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SHOW = re.compile(r"[A-Za-z0-9-]{1,64}")

events = boto3.client("events")


class NotTaken(Exception):
    """The bus took the request and not the event."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 with the event's identifier, or 503 if the bus did not take it."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    show, sent = event["pathParameters"]["show"], json.loads(event["body"])
    if not SHOW.fullmatch(show):
        return answer(400, {"status": 400, "title": "A show has letters, digits and hyphens, 64 at most"})
    detail = {"id": str(uuid.uuid4()), "show": show, "seat": sent["seat"], "euros": sent["euros"], "trace": trace}
    try:
        put(f"ticket.{sent['type']}", detail)
    except (ClientError, BotoCoreError, NotTaken) as error:
        log("event.not.put", trace, show=show, error=str(error))
        return answer(503, {"status": 503, "title": "The event was not published. Send it again"})
    log("event.put", trace, show=show, type=sent["type"], event=detail["id"])
    return answer(202, {"status": "accepted", "event": detail["id"]})


# region put
def put(kind: str, detail: dict[str, Any]) -> None:
    """Put one event on the bus. PutEvents answers 200 for events that it did not take, so look at the count."""
    entry = {
        "EventBusName": os.environ["BUS_NAME"],
        "Source": "concert.hall",
        "DetailType": kind,
        "Detail": json.dumps(detail),
    }
    taken = events.put_events(Entries=[entry])
    if taken["FailedEntryCount"]:
        raise NotTaken(str(taken["Entries"][0].get("ErrorCode")))


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    kind = "application/json" if status < 400 else "application/problem+json"
    return {"statusCode": status, "headers": {"Content-Type": kind}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
