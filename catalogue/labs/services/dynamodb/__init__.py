"""DynamoDB tables in labs: how many items they hold, expiry and written items, and the counting of request units."""

from __future__ import annotations

import re
from collections.abc import Mapping

from catalogue.labs.services.dynamodb import capacity, contents, counting, fixups, operations
from catalogue.labs.services.model import ClientOf, LabService, Leftover, Metric, last_part

TABLE = "AWS::DynamoDB::Table"


def count_items(client: ClientOf, table: str) -> Mapping[str, int]:
    """Counted by a scan: DescribeTable's figure is hours old on AWS."""
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=table, Select="COUNT")
    return {"items": sum(page["Count"] for page in pages)}


def arns(client: ClientOf, table: str) -> list[str]:
    """A table's indexes have their own."""
    arn = str(client("dynamodb").describe_table(TableName=table)["Table"]["TableArn"])
    return [arn, f"{arn}/index/*"]


def name_of(name: str) -> str:
    """Also out of the ARN of a stream or an index."""
    return name.partition(":table/")[2].partition("/")[0] if name.startswith("arn:") else last_part(name)


SERVICE = LabService(
    key="dynamodb",
    clients=("dynamodb",),
    gauges={TABLE: count_items},
    contents={TABLE: contents.read},
    levels=("items",),
    measures={"items": ("items",)},
    operations={"expire-items": operations.expire_items, "put-item": operations.put_item},
    arns={TABLE: arns},
    counted=(TABLE,),
    uses=frozenset(capacity.READS | capacity.WRITES | {"Read", "Write", "GetRecords"}),
    count=counting.count,
    name_of=name_of,
    # https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
    metrics={
        TABLE: (
            Metric("AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", "Read"),
            Metric("AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", "Write"),
        ),
    },
    restore=fixups.restore,
    on_aws=(TABLE, "AWS::Serverless::SimpleTable"),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:dynamodb:[^:]+:\d{12}:table/[^/]+"),
            lambda client, arn: client("dynamodb").delete_table(TableName=arn.rpartition("/")[2]),
        ),
    ),
)
