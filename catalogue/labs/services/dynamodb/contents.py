"""The first items of a table, in the order of a scan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded, in_json

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Target


def read(target: Target, table: str) -> Contents:
    # The emulator's process reads this module, and does without boto3.
    from boto3.dynamodb.types import TypeDeserializer

    dynamodb, plain = target.client("dynamodb"), TypeDeserializer()
    keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    page = dynamodb.scan(TableName=table, Limit=MOST_ENTRIES, ConsistentRead=True)
    entries = []
    for stored in page["Items"]:
        item = {name: plain.deserialize(value) for name, value in stored.items()}
        title = " / ".join(str(item[key]) for key in keys if key in item)
        entries.append(Entry(title, in_json({name: item[name] for name in sorted(item)})))
    return bounded("Items", entries, more="LastEvaluatedKey" in page)
