"""The fragile downstream: a warehouse with two packing terminals, a quarter of a second an order.

It stands in for the system you cannot make faster: an old ERP, a licensed API, a database with
few connections. A third order at the same moment is refused, as such systems do. Put your own here.
"""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import ClientError

TERMINALS = int(os.environ["TERMINALS"])
PACKING_SECONDS = 0.25
LEASE_SECONDS = 10  # a terminal whose session died is free again after this

dynamodb = boto3.resource("dynamodb")
orders = dynamodb.Table(os.environ["ORDERS_TABLE"])
terminals = dynamodb.Table(os.environ["TERMINALS_TABLE"])


class WarehouseBusy(Exception):
    """Both terminals are taken. Nothing happened: trying later is safe and useful."""


class CannotPack(Exception):
    """The warehouse can do nothing with this order. Trying again will not change that."""


# region pack
def pack(order: Any) -> str:
    """Pack one order and return its number. Packed twice, it is stored once: messages may come twice."""
    match order:
        case {"order": str(number), "item": str(item)} if number and item in _stocked():
            pass
        case {"order": str(number), "item": item} if number:
            raise CannotPack(f"order {number}: {item!r} is not stocked")
        case _:
            raise CannotPack("not an order: it needs an order number and an item")
    with a_terminal():
        time.sleep(PACKING_SECONDS)
        orders.put_item(Item={"order": number, "item": item, "packed_at": int(time.time())})
    return number


# endregion


def _stocked() -> list[str]:
    return os.environ["STOCKED"].split(",")


@contextmanager
def a_terminal() -> Iterator[None]:
    """Hold one terminal, by a lease that only its holder gives back; `WarehouseBusy` if all are taken."""
    session = uuid.uuid4().hex
    name = next((name for name in _names() if _take(name, session)), None)
    if name is None:
        raise WarehouseBusy(f"all {TERMINALS} terminals are taken")
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
        ConditionExpression="attribute_not_exists(#session) OR free_after < :now",
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
