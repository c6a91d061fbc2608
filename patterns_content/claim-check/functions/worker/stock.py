"""What an export says, and its row in the table."""

import json
import os
from typing import Any

import boto3
from claims import CannotBook

dynamodb = boto3.client("dynamodb")


def count(body: bytes) -> dict[str, int]:
    """Articles and pieces of an export, line by line. `CannotBook` for a line that is not one."""
    articles = pieces = 0
    for line in body.splitlines():
        try:
            counted = json.loads(line)["pieces"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise CannotBook(f"line {articles + 1} of the export is no count") from error
        if type(counted) is not int or counted < 0:
            raise CannotBook(f"line {articles + 1} of the export has no number of pieces")
        articles += 1
        pieces += counted
    return {"articles": articles, "pieces": pieces}


def is_booked(claim: dict[str, Any]) -> bool:
    """Whether an earlier delivery has booked it. Then the object may be gone, and nothing is wrong."""
    key = {"store": {"S": claim["store"]}, "export": {"S": claim["export"]}}
    return "Item" in dynamodb.get_item(TableName=os.environ["STOCK_TABLE"], Key=key, ConsistentRead=True)


def book(claim: dict[str, Any], counted: dict[str, int]) -> bool:
    """One row for each export. False if there is one already, and nothing is changed then."""
    try:
        dynamodb.put_item(
            TableName=os.environ["STOCK_TABLE"],
            Item={
                "store": {"S": claim["store"]},
                "export": {"S": claim["export"]},
                "bytes": {"N": str(claim["bytes"])},
                **{name: {"N": str(value)} for name, value in counted.items()},
            },
            ConditionExpression="attribute_not_exists(#export)",
            ExpressionAttributeNames={"#export": "export"},  # a reserved word
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True
