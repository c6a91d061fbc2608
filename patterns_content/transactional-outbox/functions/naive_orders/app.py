"""PUT /orders/{order}, the naive twin: writes the order, and then sends its event."""

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
sqs = boto3.client("sqs")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """201 for a new order, 200 if it is there already, 409 if it is another one, 503 if a call failed."""
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
        log("order.failed", trace, order=number, error=str(error))
        return problem(503, "The order was not accepted. Send it again")
    if made:
        return answer(201, {"status": "accepted", **order})
    if stored(number) != order:
        return problem(409, "There is another order with this number")
    log("order.known", trace, order=number)
    return answer(200, {"status": "accepted", **order})


# region place
def place(order: dict[str, str], trace: str) -> bool:
    """Write the order, then send its event. False if there is an order with this number already."""
    try:
        dynamodb.put_item(
            TableName=os.environ["ORDERS_TABLE"],
            Item={name: {"S": value} for name, value in order.items()},
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},  # a reserved word
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    log("order.written", trace, order=order["order"])
    may_die("after-write")  # the order is there, and nothing will ever send its event
    sqs.send_message(
        QueueUrl=os.environ["EVENT_QUEUE_URL"],
        MessageBody=json.dumps({"event": str(uuid.uuid4()), "type": "order.placed", **order}),
        MessageAttributes={"trace": {"DataType": "String", "StringValue": f"trace:{trace}"}},
    )
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
