"""PUT /trips/{trip} books hotel, flight and car one after the other, and undoes what it booked if one of them fails."""

import json
import os
import re
import time
from typing import Any

import boto3
from faults import may_die

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
SERVICES = ("HOTEL_FUNCTION", "FLIGHT_FUNCTION", "CAR_FUNCTION")

dynamodb, functions = boto3.client("dynamodb"), boto3.client("lambda")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """202 for a new trip, whether it was booked or refused; 200 for one that is known or read; 404."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    trip = event["pathParameters"]["trip"]
    if not NAME.fullmatch(trip):
        return problem(400, "The number of a trip has letters, digits and hyphens, 64 at most")
    known = dynamodb.get_item(TableName=os.environ["TRIPS_TABLE"], Key={"trip": {"S": trip}}, ConsistentRead=True)
    if "Item" in known:
        return answer(200, {name: value["S"] for name, value in known["Item"].items()})
    if event["httpMethod"] == "GET":
        return problem(404, "No such trip")
    request = {"trip": trip, "departure": json.loads(event["body"])["departure"], "trace": trace}
    row = {"trip": trip, **plan(request)}
    dynamodb.put_item(TableName=os.environ["TRIPS_TABLE"], Item={name: {"S": value} for name, value in row.items()})
    log(f"trip.{row['status']}", trace, trip=trip)
    return answer(202, row)


# region plan
def plan(request: dict[str, str]) -> dict[str, str]:
    """Book all three, or undo those that were booked."""
    booked: list[str] = []
    reason = ""
    for service in SERVICES:
        try:
            result = call(service, {**request, "do": "book"})
        except Exception as error:
            result = {"status": "failed", "reason": str(error)}
        if result["status"] != "booked":
            reason = result["reason"]
            break
        booked.append(service)
    else:
        return {"status": "booked"}
    may_die("before-undo")  # nothing else knows what was booked
    for service in reversed(booked):
        call(service, {**request, "do": "cancel"})
    return {"status": "refused", "reason": reason}


# endregion


def call(service: str, request: dict[str, str]) -> dict[str, str]:
    """Invoke a service and wait. Raises RuntimeError if it failed."""
    found = functions.invoke(FunctionName=os.environ[service], Payload=json.dumps(request).encode())
    result: dict[str, str] = json.loads(found["Payload"].read())
    if "FunctionError" in found:
        raise RuntimeError(result.get("errorMessage", "The service failed"))
    return result


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
