"""The fragile downstream: a warehouse with two packing terminals that need a quarter of a second for an order.

It stands for a system that you cannot make faster: an old ERP, a licensed API, a database with
few connections. Like such systems, it refuses a third order at the same moment. Replace it with your own.
"""

import os
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

TERMINALS = int(os.environ["TERMINALS"])
PACKING_SECONDS = 0.25
LEASE_SECONDS = 10  # after this time, the terminal of a dead worker is free again; twice the worker's timeout
NUMBER = re.compile(r"[A-Za-z0-9-]{1,64}")  # the same as in the API's model, because the queue may have other senders

dynamodb = boto3.resource("dynamodb")
orders = dynamodb.Table(os.environ["ORDERS_TABLE"])
terminals = dynamodb.Table(os.environ["TERMINALS_TABLE"])


class WarehouseBusy(Exception):
    """No terminal is free, or none works. Nothing was packed, so a later retry is safe and useful."""


class CannotPack(Exception):
    """The warehouse cannot pack this order, and a retry will not change that."""


# region pack
def pack(order: Any) -> str:
    """Pack one order and return its number. If it is packed twice, the first row stays: messages may arrive twice."""
    match order:
        case {"order": str(number), "item": str(item)} if NUMBER.fullmatch(number) and item in _stocked():
            pass
        case {"order": str(number), "item": item} if NUMBER.fullmatch(number):
            raise CannotPack(f"order {number}: {item!r} is not stocked")
        case _:
            raise CannotPack("not an order: it needs a number (letters, digits and hyphens) and an item")
    with a_terminal():
        time.sleep(PACKING_SECONDS)
        _store({"order": number, "item": item, "packed_at": int(time.time())})
    return number


def _store(row: dict[str, Any]) -> None:
    """Write the row unless the order has one."""
    try:
        orders.put_item(
            Item=row,
            ConditionExpression="attribute_not_exists(#order)",
            ExpressionAttributeNames={"#order": "order"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


# endregion


def _stocked() -> list[str]:
    return os.environ["STOCKED"].split(",")


@contextmanager
def a_terminal() -> Iterator[None]:
    """Hold one terminal by a lease that only its holder can return. `WarehouseBusy` if all are taken."""
    session = uuid.uuid4().hex
    name = next((name for name in _names() if _take(name, session)), None)
    if name is None:
        raise WarehouseBusy(f"no free terminal of {TERMINALS}")
    try:
        yield
    finally:
        _give_back(name, session)


def _names() -> list[str]:
    return [f"terminal-{number}" for number in range(1, TERMINALS + 1)]


def _take(name: str, session: str) -> bool:
    now = int(time.time())
    return _update(
        name,
        UpdateExpression="SET #session = :session, free_after = :until",
        # The last part: the SDK repeats a write whose answer got lost, and meets its own lease.
        ConditionExpression="attribute_not_exists(#session) OR free_after < :now OR #session = :session",
        ExpressionAttributeNames={"#session": "session"},
        ExpressionAttributeValues={":session": session, ":until": now + LEASE_SECONDS, ":now": now},
    )


def _give_back(name: str, session: str) -> bool:
    return _update(
        name,
        UpdateExpression="REMOVE #session, free_after",
        ConditionExpression="#session = :session",
        ExpressionAttributeNames={"#session": "session"},
        ExpressionAttributeValues={":session": session},
    )


def _update(name: str, **expressions: Any) -> bool:
    """Whether the condition held."""
    try:
        terminals.update_item(Key={"terminal": name}, **expressions)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
