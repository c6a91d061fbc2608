"""PUT /orders/{order}: writes an order and its event in one transaction."""

import json
import os
import re
import time
import uuid
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from faults import may_die

ORDER = re.compile(r"[A-Za-z0-9-]{1,64}")

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """201 for a new order, 200 if it is there already, 409 if it is another one, 503 if nothing was written."""
    trace = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("x-amzn-trace-id", "")
    number = event["pathParameters"]["order"]
    if not ORDER.fullmatch(number):
        return problem(400, "The number of an order has letters, digits and hyphens, 64 at most")
    order = {"order": number, **json.loads(event["body"])}
    if not all(part.isprintable() for part in order.values()):  # half of a surrogate pair cannot be stored
        return problem(400, "The order has a character that cannot be printed")
    try:
        made = place(order, trace)
    except (ClientError, BotoCoreError) as error:
        log("order.not.written", trace, order=number, error=str(error))
        return problem(503, "The order was not accepted. Send it again")
    if made:
        log("order.written", trace, order=number)
        may_die("after-write")  # the caller gets no answer, and the event is safe
        return answer(201, {"status": "accepted", **order})
    if stored(number) != order:
        return problem(409, "There is another order with this number")
    log("order.known", trace, order=number)
    return answer(200, {"status": "accepted", **order})


# region place
def place(order: dict[str, str], trace: str) -> bool:
    """Write the order and its event, both or neither. False if there is an order with this number already."""
    event = {"event": str(uuid.uuid4()), "type": "order.placed", **order}
    row = {name: {"S": value} for name, value in order.items()}
    outbox = {name: {"S": value} for name, value in event.items()} | {"trace": {"S": f"trace:{trace}"}}
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                {
                    "Put": {
                        "TableName": os.environ["ORDERS_TABLE"],
                        "Item": row,
                        "ConditionExpression": "attribute_not_exists(#order)",
                        "ExpressionAttributeNames": {"#order": "order"},  # a reserved word
                    }
                },
                {"Put": {"TableName": os.environ["OUTBOX_TABLE"], "Item": outbox}},
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        if error.response["CancellationReasons"][0].get("Code") == "ConditionalCheckFailed":
            return False
        raise
    return True


# endregion


def stored(number: str) -> dict[str, str]:
    """The order as it was written. Raises KeyError if it is gone."""
    found = dynamodb.get_item(TableName=os.environ["ORDERS_TABLE"], Key={"order": {"S": number}}, ConsistentRead=True)[
        "Item"
    ]
    return {name: value["S"] for name, value in found.items()}


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def problem(status: int, title: str) -> dict[str, Any]:
    """A proxy integration's response, as problem+json."""
    headers = {"Content-Type": "application/problem+json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps({"status": status, "title": title})}


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
