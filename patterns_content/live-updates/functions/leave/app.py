"""The route `$disconnect`: deletes the rows of a connection that has ended. API Gateway does its best to call it."""

import json
import os
import time
from typing import Any

import boto3

dynamodb = boto3.client("dynamodb")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    connection = event["requestContext"]["connectionId"]
    orders = watched(connection)
    for order in orders:
        dynamodb.delete_item(
            TableName=os.environ["CONNECTIONS_TABLE"],
            Key={"order": {"S": order}, "connection": {"S": connection}},
        )
    log("connection.left", connection=connection, orders=len(orders))
    return {"statusCode": 200}


def watched(connection: str) -> list[str]:
    """The orders that a connection watches."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=os.environ["CONNECTIONS_TABLE"],
        IndexName="ByConnection",
        KeyConditionExpression="#connection = :connection",
        ExpressionAttributeNames={"#connection": "connection"},  # a reserved word
        ExpressionAttributeValues={":connection": {"S": connection}},
    )
    return [item["order"]["S"] for page in pages for item in page["Items"]]


def log(step: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, **facts}))
