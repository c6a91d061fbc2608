"""PUT and GET /orders/{order}: stores the status of an order, and shows it."""

import json
import os
import re
import time
from typing import Any

import boto3

ORDER = re.compile(r"[A-Za-z0-9-]{1,64}")

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the order, 400 for a number that is none, 404 for an order that is not known."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    number = event["pathParameters"]["order"]
    if not ORDER.fullmatch(number):
        return problem(400, "The number of an order has letters, digits and hyphens, 64 at most")
    if event["httpMethod"] == "PUT":
        order = change(number, json.loads(event["body"])["status"], trace)
        log("status.changed", trace, **order)
        return answer(200, order)
    found = shown(number)
    log("status.read", trace, order=number, known=found is not None)
    return answer(200, found) if found else problem(404, "No such order")


# region change
def change(number: str, status: str, trace: str) -> dict[str, Any]:
    """Store the status under the next version. Two changes at the same time get different versions."""
    item = dynamodb.update_item(
        TableName=os.environ["ORDERS_TABLE"],
        Key={"order": {"S": number}},
        UpdateExpression="SET #status = :status, trace = :trace ADD version :one",
        ExpressionAttributeNames={"#status": "status"},  # a reserved word
        ExpressionAttributeValues={
            ":status": {"S": status},
            ":trace": {"S": f"trace:{trace}"},
            ":one": {"N": "1"},
        },
        ReturnValues="ALL_NEW",
    )["Attributes"]
    return view(item)


# endregion


def shown(number: str) -> dict[str, Any] | None:
    """The order as it is now, or None."""
    table = os.environ["ORDERS_TABLE"]
    found = dynamodb.get_item(TableName=table, Key={"order": {"S": number}}, ConsistentRead=True)
    return view(found["Item"]) if "Item" in found else None


def view(item: dict[str, Any]) -> dict[str, Any]:
    """What a customer sees of an order's row."""
    return {"order": item["order"]["S"], "status": item["status"]["S"], "version": int(item["version"]["N"])}


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
