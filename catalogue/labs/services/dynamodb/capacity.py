"""DynamoDB's request units, as AWS documents them, where the emulator does not tell them by itself.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html: a write takes one unit
for each KB of the larger of the item before and after, a read one for each 4 KB, half of it when eventually
consistent; transactions take twice as much. A condition that fails takes the write units of the item that is
there, at least one:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
"""

import json
import math
from collections import Counter as Tally
from collections.abc import Mapping
from typing import Any

READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems"}
WRITES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"}


def asking_for_capacity(body: bytes) -> tuple[bytes, bool]:
    """The request, changed so that its answer tells the units; False if it asked for them already."""
    try:
        asked = json.loads(body or b"{}")
    except ValueError:
        return body, False
    if not isinstance(asked, dict) or asked.get("ReturnConsumedCapacity", "NONE") != "NONE":
        return body, False
    return json.dumps({**asked, "ReturnConsumedCapacity": "TOTAL"}).encode(), True


def without_capacity(answer: Any) -> bytes:
    """The answer as the caller expects it."""
    return json.dumps({key: value for key, value in answer.items() if key != "ConsumedCapacity"}).encode()


def consumed(answer: Mapping[str, Any]) -> dict[str, float]:
    """Units by table, from an answer's ConsumedCapacity."""
    told = answer.get("ConsumedCapacity") or []
    units: Tally[str] = Tally()
    for entry in told if isinstance(told, list) else [told]:
        units[str(entry.get("TableName", ""))] += entry.get("CapacityUnits", 0)
    return dict(units)


def read_units(size: int, *, consistent: bool) -> float:
    """Of one read of so many bytes: one unit for each 4 KB, half of it when eventually consistent."""
    return max(1, math.ceil(size / 4096)) * (1.0 if consistent else 0.5)


def item_reads(operation: str, asked: Mapping[str, Any], size_of: Any) -> dict[str, float]:
    """Units by table of GetItem and BatchGetItem: each item counts by itself, whatever part of it is returned."""
    units: dict[str, float] = {}
    of_tables = asked.get("RequestItems", {}) if operation == "BatchGetItem" else {asked.get("TableName", ""): asked}
    for table, wanted in of_tables.items():
        consistent = bool(wanted.get("ConsistentRead"))
        for key in wanted.get("Keys") or [wanted.get("Key") or {}]:
            read = read_units(size_of(table, key), consistent=consistent)
            units[table] = units.get(table, 0) + read
    return units


def page_reads(asked: Mapping[str, Any], sizes: list[int], scanned: int) -> dict[str, float]:
    """Units by table of one page of Query or Scan: what was read counts together, also what a filter left out.

    `sizes` are those of the items that were read; where some of the `scanned` are not known, those known stand for
    them by their mean.
    """
    whole = sum(sizes) if not sizes or len(sizes) >= scanned else sum(sizes) / len(sizes) * scanned
    consistent = bool(asked.get("ConsistentRead"))
    return {str(asked.get("TableName", "")): read_units(math.ceil(whole), consistent=consistent)}


def whole_page(asked: Mapping[str, Any], scanned: int) -> bytes | None:
    """A request that returns all items that this Query or Scan has read, whole; None where it did so itself."""
    if not asked.keys() & {"FilterExpression", "ProjectionExpression", "AttributesToGet", "Select"}:
        return None
    left_out = {"FilterExpression", "ProjectionExpression", "AttributesToGet", "Select", "ReturnConsumedCapacity"}
    kept = {name: value for name, value in asked.items() if name not in left_out}
    condition = str(kept.get("KeyConditionExpression", ""))
    for names in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        used = {name: value for name, value in (kept.pop(names, None) or {}).items() if name in condition}
        if used:
            kept[names] = used
    return json.dumps({**kept, "Limit": max(1, scanned)}).encode()


def transaction_reads(asked: Mapping[str, Any], size_of: Any) -> dict[str, float]:
    """Units by table of TransactGetItems: two for each 4 KB of each item, at least two."""
    units: Tally[str] = Tally()
    for entry in asked.get("TransactItems", ()):
        get = entry.get("Get", {})
        table = str(get.get("TableName", ""))
        units[table] += 2 * max(1, math.ceil(size_of(table, get.get("Key", {})) / 4096))
    return dict(units)


def failed_condition(asked: Mapping[str, Any], size_of: Any) -> dict[str, float]:
    """Units by table of a write whose condition did not hold.

    For a canceled transaction AWS gives no figure of its own; its items count twice, as in one that goes through.
    """
    units: Tally[str] = Tally()
    for entry in asked.get("TransactItems") or [{"One": asked}]:
        times = 2 if "TransactItems" in asked else 1
        write = next(iter(entry.values()))
        table = str(write.get("TableName", ""))
        key = write.get("Key") or write.get("Item") or {}
        units[table] += times * max(1, math.ceil(size_of(table, key) / 1024))
    return dict(units)
