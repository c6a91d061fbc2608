"""PUT /bookings/{booking}: makes or changes a booking. Each change has a version of its own."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

BOOKING = re.compile(r"[A-Za-z0-9-]{1,64}")

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the booking and its version, 400 for a number that is none, 503 if nothing is known to be written."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    number = event["pathParameters"]["booking"]
    if not BOOKING.fullmatch(number):
        return problem(400, "The number of a booking has letters, digits and hyphens, 64 at most")
    wanted = json.loads(event["body"])
    try:
        booking = write(number, wanted, trace)
    except (ClientError, BotoCoreError) as error:
        log("booking.failed", trace, booking=number, error=str(error))
        return problem(503, "The booking may not be written. Send it again")
    log("booking.written", trace, **booking)
    return answer(200, booking)


# region write
def write(number: str, wanted: dict[str, Any], trace: str) -> dict[str, Any]:
    """Write the booking and raise its version, in one request. Nothing here touches the board."""
    now = round(time.time() * 1000)
    written = dynamodb.update_item(
        TableName=os.environ["BOOKINGS_TABLE"],
        Key={"booking": {"S": number}},
        UpdateExpression="SET sailing = :sailing, passengers = :passengers, cars = :cars, "
        "written_ms = :now, trace = :trace ADD version :one",
        ExpressionAttributeValues={
            ":sailing": {"S": wanted["sailing"]},
            ":passengers": {"N": str(wanted["passengers"])},
            ":cars": {"N": str(wanted.get("cars", 0))},
            ":now": {"N": str(now)},
            ":trace": {"S": f"trace:{trace}"},
            ":one": {"N": "1"},
        },
        ReturnValues="ALL_NEW",
    )["Attributes"]
    return {
        "booking": number,
        "sailing": written["sailing"]["S"],
        "passengers": int(written["passengers"]["N"]),
        "cars": int(written["cars"]["N"]),
        "version": int(written["version"]["N"]),
    }


# endregion


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
