"""Operations on DynamoDB tables: let time pass for the items, without a clock, and write past the intake."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.operating import OperationFailed, Stack, cli

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation

_MOST_ITEMS = 300
_SECONDS = 10.0
_SHOWN = 5
_PAST_SECONDS = 60
"""A moment ago: items that expired more than five years ago are not deleted by the table's own expiry.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html"""


def expire_items(stack: Stack, operation: Operation) -> str:
    """Set the number attribute `name` of every item that has it to a moment that is over."""
    if operation.name is None:
        raise OperationFailed("The demo names no attribute.")
    dynamodb = stack.client("dynamodb")
    table = stack.physical(operation.resource)
    schema = dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]
    change = {
        "update_expression": "SET #at = :past",
        "expression_attribute_names": {"#at": operation.name},
        "expression_attribute_values": {":past": {"N": str(int(time.time()) - _PAST_SECONDS)}},
    }
    deadline = time.monotonic() + _SECONDS
    keys = []
    for key in islice(_keys(dynamodb, table, operation.name, [part["AttributeName"] for part in schema]), _MOST_ITEMS):
        if time.monotonic() >= deadline:
            break
        try:
            dynamodb.update_item(
                TableName=table,
                Key=key,
                UpdateExpression=change["update_expression"],
                ExpressionAttributeNames=change["expression_attribute_names"],
                ExpressionAttributeValues=change["expression_attribute_values"],
                ConditionExpression="attribute_exists(#at)",  # gone since it was read: do not make it again
            )
        except dynamodb.exceptions.ConditionalCheckFailedException:
            continue
        keys.append(key)
    commands = [cli("dynamodb update-item", table_name=table, key=key, **change) for key in keys[:_SHOWN]]
    if len(keys) > _SHOWN:
        commands.append(f"# and so for {len(keys) - _SHOWN} more")
    return "\n".join(commands) or f"# No item of {table} has the attribute {operation.name}."


def put_item(stack: Stack, operation: Operation) -> str:
    """Put one item into the table past the pattern's own intake, as another system with access to the table does.

    `value` is the item in DynamoDB's JSON: `{"id": {"S": "a"}}`.
    """
    if operation.value is None:
        raise OperationFailed("The demo names no item.")
    try:
        item = json.loads(str(operation.value))
    except ValueError as error:
        raise OperationFailed("The demo's item is not JSON.") from error
    table = stack.physical(operation.resource)
    stack.client("dynamodb").put_item(TableName=table, Item=item)
    return cli("dynamodb put-item", table_name=table, item=item)


def _keys(dynamodb: Any, table: str, attribute: str, names: list[str]) -> Iterator[Mapping[str, Any]]:
    """Keys of the items that have the attribute."""
    placeholders = {f"#k{number}": name for number, name in enumerate(names)}
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        ProjectionExpression=", ".join(placeholders),
        FilterExpression="attribute_exists(#at)",
        ExpressionAttributeNames={**placeholders, "#at": attribute},
        PaginationConfig={"MaxItems": 10 * _MOST_ITEMS, "PageSize": _MOST_ITEMS},
    )
    for page in pages:
        yield from page["Items"]
