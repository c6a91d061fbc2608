"""The route `watch`: notes that a connection watches an order, and answers with the order as it is now."""

import json
import os
import re
import time
from typing import Any

import boto3

ORDER = re.compile(r"[A-Za-z0-9-]{1,64}")
LONGEST_SECONDS = 2 * 60 * 60
"""For which API Gateway keeps a connection open:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html"""

dynamodb = boto3.client("dynamodb")
sockets = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["SOCKETS"])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """The answer goes over the connection. What is returned here only says that the message was taken."""
    connection = event["requestContext"]["connectionId"]
    order = number_in(event.get("body"))
    if order is None:
        send(connection, {"problem": "Send an action and the number of an order"})
        return {"statusCode": 400}
    watch(order, connection)
    now = status(order)
    log("watch.started", order=order, connection=connection, version=now["version"])
    send(connection, now)
    return {"statusCode": 200}


def number_in(body: str | None) -> str | None:
    """The order's number in a message, or None."""
    try:
        order = json.loads(body or "")["order"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return order if isinstance(order, str) and ORDER.fullmatch(order) else None


# region watch
def watch(order: str, connection: str) -> None:
    """First the row, then the status: a change in between is pushed, and one before is read. None is missed."""
    dynamodb.put_item(
        TableName=os.environ["CONNECTIONS_TABLE"],
        Item={
            "order": {"S": order},
            "connection": {"S": connection},
            "expires": {"N": str(int(time.time()) + LONGEST_SECONDS)},
        },
    )


def status(order: str) -> dict[str, Any]:
    table = os.environ["ORDERS_TABLE"]
    found = dynamodb.get_item(TableName=table, Key={"order": {"S": order}}, ConsistentRead=True).get("Item")
    if found is None:
        return {"order": order, "status": "unknown", "version": 0}
    return {"order": order, "status": found["status"]["S"], "version": int(found["version"]["N"])}


# endregion


def send(connection: str, message: dict[str, Any]) -> None:
    """A client that has gone meanwhile needs no answer: `push` or the time to live deletes its row."""
    try:
        sockets.post_to_connection(ConnectionId=connection, Data=json.dumps(message).encode())
    except sockets.exceptions.GoneException:
        log("watcher.gone", connection=connection)


def log(step: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, **facts}))
