"""The view: a row for each sailing with its sums, and a row for each booking with what the sums hold of it."""

import os
from typing import Any

import boto3
from change import Change

dynamodb = boto3.client("dynamodb")


# region apply
def apply(change: Change) -> bool:
    """Bring the view to this version of the booking. False if it has this version or a later one already."""
    counted = counted_of(change.booking)
    if counted and int(counted["version"]["N"]) >= change.version:
        return False
    sums = {name: change.amounts[name] for name in os.environ["SUMS"].split(",")}
    differences: dict[str, dict[str, int]] = {}
    if counted:
        differences[counted["sailing"]["S"]] = {name: -int(counted[name]["N"]) for name in sums} | {"bookings": -1}
    there = differences.setdefault(change.sailing, {})
    for name, amount in {**sums, "bookings": 1}.items():
        there[name] = there.get(name, 0) + amount
    dynamodb.transact_write_items(
        TransactItems=[
            mark(change, sums, counted),
            *(add(sailing, amounts, change) for sailing, amounts in differences.items()),
        ]
    )
    return True


# endregion


def counted_of(booking: str) -> dict[str, Any]:
    """What the sums hold of a booking, empty if nothing."""
    key = {"row": {"S": f"booking#{booking}"}}
    found = dynamodb.get_item(TableName=os.environ["BOARD_TABLE"], Key=key, ConsistentRead=True)
    item: dict[str, Any] = found.get("Item", {})
    return item


def mark(change: Change, sums: dict[str, int], counted: dict[str, Any]) -> dict[str, Any]:
    """Remember what is counted now, if it is still what was read: another run may have been faster."""
    item = {
        "row": {"S": f"booking#{change.booking}"},
        "sailing": {"S": change.sailing},
        "version": {"N": str(change.version)},
        **{name: {"N": str(amount)} for name, amount in sums.items()},
    }
    put: dict[str, Any] = {"TableName": os.environ["BOARD_TABLE"], "Item": item}
    if counted:
        put["ConditionExpression"] = "version = :read"
        put["ExpressionAttributeValues"] = {":read": counted["version"]}
    else:
        put["ConditionExpression"] = "attribute_not_exists(#row)"
        put["ExpressionAttributeNames"] = {"#row": "row"}
    return {"Put": put}


def add(sailing: str, amounts: dict[str, int], change: Change) -> dict[str, Any]:
    """Change the sums of a sailing."""
    return {
        "Update": {
            "TableName": os.environ["BOARD_TABLE"],
            "Key": {"row": {"S": f"sailing#{sailing}"}},
            "UpdateExpression": "SET written_ms = :written ADD " + ", ".join(f"{name} :{name}" for name in amounts),
            "ExpressionAttributeValues": {
                ":written": {"N": str(change.written_ms)},
                **{f":{name}": {"N": str(amount)} for name, amount in amounts.items()},
            },
        }
    }
