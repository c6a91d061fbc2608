"""PUT /payments/{payment} hands a payment to the state machine, GET /payments/{payment} shows what has become of it."""

import json
import os
import re
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")

states = boto3.client("stepfunctions")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    payment = event["pathParameters"]["payment"]
    if not NAME.fullmatch(payment):
        return problem(400, "The number of a payment has letters, digits and hyphens, 64 at most")
    if event["httpMethod"] == "GET":
        return show(payment, trace)
    return start({"payment": payment, **json.loads(event["body"])}, trace)


def start(asked: dict[str, Any], trace: str) -> dict[str, Any]:
    """202 for a new payment, 200 if it was started before, 409 if that was another one, 503 if nothing was started."""
    payment = asked["payment"]
    try:
        states.start_execution(
            stateMachineArn=os.environ["PAYMENT_MACHINE"], name=payment, input=json.dumps({**asked, "trace": trace})
        )
    except states.exceptions.ExecutionAlreadyExists:
        known = json.loads(execution(payment)["input"])
        log("payment.known", trace, payment=payment)
        if {**known, "trace": ""} != {**asked, "trace": ""}:
            return problem(409, "There is another payment with this number")
        return answer(200, {"payment": payment, "status": "started"})
    except (ClientError, BotoCoreError) as error:
        log("payment.not.started", trace, payment=payment, error=str(error))
        return problem(503, "The payment was not accepted. Send it again")
    log("payment.started", trace, payment=payment)
    return answer(202, {"payment": payment, "status": "started"})


def show(payment: str, trace: str) -> dict[str, Any]:
    """200 with `waiting`, or with what the execution ended with: `paid`, `rejected`, `expired`, `stuck`; or 404."""
    try:
        found = execution(payment)
    except states.exceptions.ExecutionDoesNotExist:
        return problem(404, "No such payment")
    log("payment.read", trace, payment=payment, execution=found["status"])
    match found["status"]:
        case "RUNNING":
            return answer(200, {"payment": payment, "status": "waiting"})
        case "SUCCEEDED":
            return answer(200, {"payment": payment, **json.loads(found["output"])})
    return answer(200, {"payment": payment, "status": "stuck", "reason": found.get("cause", found["status"])})


def execution(payment: str) -> dict[str, Any]:
    """The execution of a payment. Raises ExecutionDoesNotExist."""
    arn = os.environ["PAYMENT_MACHINE"].replace(":stateMachine:", ":execution:")
    found: dict[str, Any] = states.describe_execution(executionArn=f"{arn}:{payment}")
    return found


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str, **facts: Any) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title, **facts})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
