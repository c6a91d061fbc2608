"""PUT /trips/{trip} hands a trip to the state machine, GET /trips/{trip} shows what has become of it."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from faults import may_die

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")

states = boto3.client("stepfunctions")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    trip = event["pathParameters"]["trip"]
    if not NAME.fullmatch(trip):
        return problem(400, "The number of a trip has letters, digits and hyphens, 64 at most")
    if event["httpMethod"] == "GET":
        return show(trip, trace)
    return start(trip, json.loads(event["body"])["departure"], trace)


# region start
def start(trip: str, departure: str, trace: str) -> dict[str, Any]:
    """202 for a new trip, 200 if it was started before, 409 if that was another one, 503 if nothing was started.

    The trip is the name of the execution, so that a customer who sends it twice has one trip.
    """
    try:
        states.start_execution(
            stateMachineArn=os.environ["TRIP_MACHINE"],
            name=trip,
            input=json.dumps({"trip": trip, "departure": departure, "trace": trace}),
        )
    except states.exceptions.ExecutionAlreadyExists:
        known = json.loads(execution(trip)["input"])
        log("trip.known", trace, trip=trip)
        if known["departure"] != departure:
            return problem(409, "There is another trip with this number")
        return answer(200, {"trip": trip, "status": "started"})
    except (ClientError, BotoCoreError) as error:
        log("trip.not.started", trace, trip=trip, error=str(error))
        return problem(503, "The trip was not accepted. Send it again")
    log("trip.started", trace, trip=trip)
    may_die("after-start")  # the trip goes on: this process is no part of it
    return answer(202, {"trip": trip, "status": "started"})


# endregion


def show(trip: str, trace: str) -> dict[str, Any]:
    """200 with the trip's status: `working`, `booked`, `refused` or `stuck`; or 404."""
    try:
        found = execution(trip)
    except states.exceptions.ExecutionDoesNotExist:
        return problem(404, "No such trip")
    log("trip.read", trace, trip=trip, execution=found["status"])
    match found["status"]:
        case "RUNNING":
            return answer(200, {"trip": trip, "status": "working"})
        case "SUCCEEDED":
            return answer(200, {"trip": trip, **json.loads(found["output"])})
    return answer(200, {"trip": trip, "status": "stuck", "reason": found.get("cause", found["status"])})


def execution(trip: str) -> dict[str, Any]:
    """The execution of a trip. Raises ExecutionDoesNotExist."""
    arn = os.environ["TRIP_MACHINE"].replace(":stateMachine:", ":execution:")
    found: dict[str, Any] = states.describe_execution(executionArn=f"{arn}:{trip}")
    return found


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
