"""Takes changes of orders from the table's stream, and sends each to the connections that watch the order."""

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

dynamodb = boto3.client("dynamodb")
sockets = boto3.client("apigatewaymanagementapi", endpoint_url=os.environ["SOCKETS"])


class NotSent(Exception):
    """Some messages could not be sent, for another reason than that their connection is gone."""


# region handler
def handler(event: dict[str, Any], context: Any) -> None:
    """Try every connection of every change before failing. Lambda then delivers the batch again, twice at most."""
    failed = 0
    for record in event["Records"]:
        row = record["dynamodb"].get("NewImage")
        if row is None:  # a deleted order has no news
            continue
        news = {"order": row["order"]["S"], "status": row["status"]["S"], "version": int(row["version"]["N"])}
        trace = row["trace"]["S"].removeprefix("trace:")
        for connection in watchers(news["order"]):
            failed += not send(connection, news, trace)
    if failed:
        raise NotSent(f"{failed} messages")


def send(connection: str, news: dict[str, Any], trace: str) -> bool:
    """Send the news over one connection, or delete the connection's row if it is gone. False if neither worked."""
    try:
        sockets.post_to_connection(ConnectionId=connection, Data=json.dumps(news).encode())
    except sockets.exceptions.GoneException:  # 410
        forget(news["order"], connection)
        log("connection.gone", trace, order=news["order"], connection=connection)
    except (ClientError, BotoCoreError) as error:
        log("update.failed", trace, order=news["order"], connection=connection, error=str(error))
        return False
    else:
        log("update.pushed", trace, order=news["order"], connection=connection, version=news["version"])
    return True


# endregion


def watchers(order: str) -> Iterator[str]:
    """The connections that watch an order, those of the last moment as well: the read is consistent."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=os.environ["CONNECTIONS_TABLE"],
        KeyConditionExpression="#order = :order",
        ExpressionAttributeNames={"#order": "order"},  # a reserved word
        ExpressionAttributeValues={":order": {"S": order}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from (item["connection"]["S"] for item in page["Items"])


def forget(order: str, connection: str) -> None:
    dynamodb.delete_item(
        TableName=os.environ["CONNECTIONS_TABLE"],
        Key={"order": {"S": order}, "connection": {"S": connection}},
    )


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
