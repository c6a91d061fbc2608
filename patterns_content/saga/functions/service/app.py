"""A service that takes bookings: the hotel, the flight or the car. Each has a table of its own."""

import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError
from faults import may_die

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Book or cancel for a trip, as often as asked. A refusal is a result; an exception says that it is unknown."""
    trip, departure, trace = event["trip"], event["departure"], event["trace"]
    if event["do"] == "cancel":
        if os.environ["FAILS"] == "cancel":
            log("cancel.failed", trace, trip=trip)
            raise RuntimeError("The service is away")
        log(f"cancel.{cancel(trip, departure)}", trace, trip=trip)
        return {"status": "canceled", "reason": ""}
    result = book(trip, departure)
    log(f"booking.{result['status']}", trace, trip=trip, departure=departure, reason=result["reason"])
    may_die("after-booking")  # the caller cannot know whether it was booked
    return result


# region book
def book(trip: str, departure: str) -> dict[str, str]:
    """Take one of what is left for the departure. The booking and the count are one transaction."""
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": os.environ["TABLE"],
                        "Item": {**key(trip), "departure": {"S": departure}, "status": {"S": "booked"}},
                        "ConditionExpression": "attribute_not_exists(id)",
                    }
                },
                {
                    "Update": {
                        "TableName": os.environ["TABLE"],
                        "Key": left(departure),
                        "UpdateExpression": "ADD taken :one",
                        "ConditionExpression": "attribute_not_exists(taken) OR taken < :capacity",
                        "ExpressionAttributeValues": {":one": {"N": "1"}, ":capacity": {"N": os.environ["CAPACITY"]}},
                    }
                },
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        taken, full = (
            reason.get("Code") == "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]
        )
        if taken and status_of(trip) == "booked":
            return {"status": "booked", "reason": ""}  # the answer to an earlier call was lost
        if taken:
            return refusal("was canceled before")  # this call came late
        if full:
            return refusal("has nothing left for this departure")
        raise
    return {"status": "booked", "reason": ""}


# endregion


# region cancel
def cancel(trip: str, departure: str) -> str:
    """Give the booking back. Without one, leave a row that refuses a booking which is still on its way."""
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Update": {
                        "TableName": os.environ["TABLE"],
                        "Key": key(trip),
                        "UpdateExpression": "SET #status = :canceled",
                        "ConditionExpression": "#status = :booked",
                        "ExpressionAttributeNames": {"#status": "status"},
                        "ExpressionAttributeValues": {":canceled": {"S": "canceled"}, ":booked": {"S": "booked"}},
                    }
                },
                {
                    "Update": {
                        "TableName": os.environ["TABLE"],
                        "Key": left(departure),
                        "UpdateExpression": "ADD taken :less",
                        "ExpressionAttributeValues": {":less": {"N": "-1"}},
                    }
                },
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        if error.response["CancellationReasons"][0].get("Code") != "ConditionalCheckFailed":
            raise
        return refuse_later(trip)
    return "done"


# endregion


def refuse_later(trip: str) -> str:
    """`repeated` if there is nothing to cancel. Raises if a booking has just arrived, so that it is tried again."""
    try:
        dynamodb.put_item(
            TableName=os.environ["TABLE"],
            Item={**key(trip), "status": {"S": "canceled"}},
            ConditionExpression="attribute_not_exists(id) OR #status = :canceled",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":canceled": {"S": "canceled"}},
            ReturnValues="ALL_OLD",
        )
    except ClientError as error:
        raise RuntimeError("The booking has changed meanwhile") from error
    return "repeated"


def status_of(trip: str) -> str:
    found = dynamodb.get_item(TableName=os.environ["TABLE"], Key=key(trip), ConsistentRead=True)
    return str(found["Item"]["status"]["S"])


def key(trip: str) -> dict[str, Any]:
    return {"id": {"S": f"trip {trip}"}}


def left(departure: str) -> dict[str, Any]:
    """The key of the row that counts what is taken of a departure."""
    return {"id": {"S": f"departure {departure}"}}


def refusal(why: str) -> dict[str, str]:
    return {"status": "refused", "reason": f"The {os.environ['SERVICE']} {why}"}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, "service": os.environ["SERVICE"], **facts}))
