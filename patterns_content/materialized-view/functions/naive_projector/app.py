"""Takes changes of bookings from the table's stream, the naive twin: adds each change to the sums as it comes."""

import json
import os
import time
from typing import Any

import boto3
from faults import may_die

dynamodb = boto3.client("dynamodb")


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """Take off what the booking was before, add what it is now. Any error ends the batch, and it comes again."""
    for record in event["Records"]:
        images = record["dynamodb"]
        if "OldImage" in images:
            add(images["OldImage"], -1)
        add(images["NewImage"], 1)
        report(images["NewImage"])
        may_die("after-write")


def add(booking: dict[str, Any], sign: int) -> None:
    """Add the booking to its sailing, or take it off. Raises for a booking without a number of passengers."""
    dynamodb.update_item(
        TableName=os.environ["BOARD_TABLE"],
        Key={"row": {"S": f"sailing#{booking['sailing']['S']}"}},
        UpdateExpression="SET written_ms = :written ADD bookings :one, passengers :passengers",
        ExpressionAttributeValues={
            ":written": booking["written_ms"],
            ":one": {"N": str(sign)},
            ":passengers": {"N": str(sign * int(booking["passengers"]["N"]))},
        },
    )


# endregion


def report(booking: dict[str, Any]) -> None:
    lag = round(time.time() * 1000) - int(booking["written_ms"]["N"])
    trace = booking.get("trace", {}).get("S", "").removeprefix("trace:")
    log("change.applied", trace, booking=booking["booking"]["S"], sailing=booking["sailing"]["S"], lag_ms=lag)


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
