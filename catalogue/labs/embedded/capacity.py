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
