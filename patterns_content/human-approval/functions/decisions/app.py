"""POST /payments/{payment}/decision: the director's click, passed on to the execution that waits for it."""

import json
import os
import time
from typing import Any

import boto3
from faults import may_die

dynamodb, states = boto3.client("dynamodb"), boto3.client("stepfunctions")


# region handler
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 if the decision counts, 409 if the other one does, 410 if it comes too late, 404 if no one was asked."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    payment, decision = event["pathParameters"]["payment"], json.loads(event["body"])["decision"]
    token = token_of(payment)
    if not token:
        return problem(404, "No one has asked for a decision on this payment")
    try:
        states.send_task_success(taskToken=token, output=json.dumps({"decision": decision}))
    except (states.exceptions.TaskTimedOut, states.exceptions.TaskDoesNotExist):
        return closed(payment, decision, trace)
    log("decision.sent", trace, payment=payment, decision=decision)
    may_die("after-decision")  # it counts, although no one gets the answer
    return answer(200, {"payment": payment, "decision": decision})


# endregion


# region closed
def closed(payment: str, decision: str, trace: str) -> dict[str, Any]:
    """What to say of a click that came second: the execution knows which one counted."""
    arn = os.environ["PAYMENT_MACHINE"].replace(":stateMachine:", ":execution:")
    found = states.describe_execution(executionArn=f"{arn}:{payment}")
    counted = json.loads(found["output"])["decision"] if found["status"] == "SUCCEEDED" else "unknown"
    log("decision.late", trace, payment=payment, decision=decision, counted=counted)
    if counted == "none":
        return problem(410, "It is too late to decide", payment=payment)
    if counted in (decision, "unknown"):  # unknown: the execution is at work on it
        return answer(200, {"payment": payment, "decision": counted})
    return problem(409, f"It was decided before: {counted}", payment=payment, decision=counted)


# endregion


def token_of(payment: str) -> str:
    """The task token of the execution that waits, empty if none has ever waited."""
    key = {"payment": {"S": payment}}
    found = dynamodb.get_item(TableName=os.environ["TOKENS_TABLE"], Key=key, ConsistentRead=True)
    return str(found["Item"]["token"]["S"]) if "Item" in found else ""


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str, **facts: Any) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title, **facts})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
