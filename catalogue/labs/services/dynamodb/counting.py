"""Counts the request units of handlers' reads and writes, and what event sources read.

The emulator's read units do not grow with an item, so they are calculated here; see `capacity`.
"""

import json
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import by_a_handler
from catalogue.labs.services.dynamodb import capacity


def count(counter: Counter) -> None:
    from ministack.services import dynamodb

    handle: Callable[..., Awaitable[Any]] = dynamodb.handle_request
    records: Callable[..., list[Any]] = dynamodb.stream_records_since

    def size_of(table: str, key: dict[str, Any]) -> int:
        known = dynamodb._tables.get(dynamodb._normalize_table_name(table))
        if not known:
            return 0
        names = {entry["AttributeName"] for entry in known["KeySchema"]}
        item = dynamodb._get_item_by_key(known, {name: value for name, value in key.items() if name in names})
        return int(dynamodb._item_size_bytes(item)) if item else 0

    async def handle_counting(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if not by_a_handler.get() or operation not in capacity.READS | capacity.WRITES:
            return await handle(method, path, headers, body, query_params)
        changed, added = capacity.asking_for_capacity(body)
        status, own, content = await handle(method, path, headers, changed, query_params)
        told = json.loads(content or b"{}")
        asked = json.loads(changed or b"{}")
        units: dict[str, float] = {}
        if status == 200:
            if operation == "TransactGetItems":
                units = capacity.transaction_reads(asked, size_of)
            elif operation in ("GetItem", "BatchGetItem"):
                units = capacity.item_reads(operation, asked, size_of)
            elif operation in ("Query", "Scan"):
                scanned = int(told.get("ScannedCount", 0))
                items = told.get("Items") or []
                if (whole := capacity.whole_page(asked, scanned)) is not None:
                    again, _, page = await handle(method, path, headers, whole, query_params)
                    items = json.loads(page).get("Items") or [] if again == 200 else items
                units = capacity.page_reads(asked, [int(dynamodb._item_size_bytes(item)) for item in items], scanned)
            else:
                units = capacity.consumed(told)
            if added:
                content = capacity.without_capacity(told)
                own["x-amz-crc32"] = str(zlib.crc32(content))
        elif str(told.get("__type", "")).endswith(("ConditionalCheckFailedException", "TransactionCanceledException")):
            units = capacity.failed_condition(asked, size_of)
        for table, consumed in units.items():
            counter.add("dynamodb", table, operation, consumed)
        return status, own, content

    def records_counting(table: str, *args: Any, **kwargs: Any) -> list[Any]:
        batch = records(table, *args, **kwargs)
        if batch:
            counter.add("dynamodb", table, "GetRecords")
        return batch

    dynamodb.handle_request = handle_counting
    dynamodb.stream_records_since = records_counting
