"""A row with a status, and a link that pays: PUT and GET /payments/{payment}, POST /payments/{payment}/decision."""

import json
import os
import re
import time
from typing import Any

import boto3

NAME = re.compile(r"[A-Za-z0-9-]{1,64}")
SMALL = 100

dynamodb, functions = boto3.client("dynamodb"), boto3.client("lambda")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    payment = event["pathParameters"]["payment"]
    if not NAME.fullmatch(payment):
        return problem(400, "The number of a payment has letters, digits and hyphens, 64 at most")
    row = stored(payment)
    if event["httpMethod"] == "PUT":
        return start(payment, json.loads(event["body"]), row, trace)
    if not row:
        return problem(404, "No such payment")
    if event["httpMethod"] == "GET":
        return answer(200, {"payment": payment, "status": row["status"]["S"]})
    return decide(payment, json.loads(event["body"])["decision"], row, trace)


def start(payment: str, asked: dict[str, Any], row: dict[str, Any], trace: str) -> dict[str, Any]:
    if row:
        return answer(200, {"payment": payment, "status": "started"})
    if asked["amount"] <= SMALL:
        pay(payment, asked["amount"], trace)
    store(payment, asked["amount"], "paid" if asked["amount"] <= SMALL else "waiting")
    log("payment.started", trace, payment=payment)
    return answer(202, {"payment": payment, "status": "started"})


# region decide
def decide(payment: str, decision: str, row: dict[str, Any], trace: str) -> dict[str, Any]:
    """The click does the work itself: whenever it comes, and if its process lives long enough."""
    wanted = "paid" if decision == "approve" else "rejected"
    if row["status"]["S"] != "waiting":
        if row["status"]["S"] == wanted:
            return answer(200, {"payment": payment, "decision": decision})
        return problem(409, f"It was decided before: {row['status']['S']}", payment=payment)
    amount = int(row["amount"]["N"])
    if decision == "approve":
        pay(payment, amount, trace)
    store(payment, amount, wanted)
    log("decision.done", trace, payment=payment, decision=decision)
    return answer(200, {"payment": payment, "decision": decision})


# endregion


def pay(payment: str, amount: int, trace: str) -> None:
    """Tell the bank to pay, and wait. Raises RuntimeError if it failed."""
    request = json.dumps({"payment": payment, "amount": amount, "trace": trace}).encode()
    found = functions.invoke(FunctionName=os.environ["BANK_FUNCTION"], Payload=request)
    if "FunctionError" in found:
        raise RuntimeError("The bank is away")


def stored(payment: str) -> dict[str, Any]:
    """The row of a payment, empty if there is none."""
    key = {"payment": {"S": payment}}
    found = dynamodb.get_item(TableName=os.environ["PAYMENTS_TABLE"], Key=key, ConsistentRead=True)
    row: dict[str, Any] = found.get("Item", {})
    return row


def store(payment: str, amount: int, status: str) -> None:
    row = {"payment": {"S": payment}, "amount": {"N": str(amount)}, "status": {"S": status}}
    dynamodb.put_item(TableName=os.environ["PAYMENTS_TABLE"], Item=row)


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str, **facts: Any) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title, **facts})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
