"""Amazon DynamoDB: tables and their streams."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed
from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.services.dynamodb.operations import OPERATIONS, SHELL, TABLE, TABLES
from catalogue.patterns.services.model import Finding, Level, Measure, ResourceType, Service, Uses

_NAMING = Naming(
    "TableName",
    "arn:aws:dynamodb:{region}:{account}:table/{name}",
    attributes={"StreamArn": "{arn}/stream/2026-01-01T00:00:00.000"},
)


def stream_copies(view: View) -> Iterator[Finding]:
    """A table may write its changes to a Kinesis stream."""
    for table in view.stack.of_type(TABLE):
        arn = table.property("KinesisStreamSpecification", "StreamArn")
        if arn:
            yield from view.delivery("stream", table.id, arn, table, sender="dynamodb")


def _calls(operation: str, arguments: Mapping[str, Any]) -> Iterable[Any]:
    yield from (arguments[key] for key in ("TableName", "TableArn") if key in arguments)
    requests = arguments.get("RequestItems")
    if isinstance(requests, Mapping):
        yield from requests
    transacted = arguments.get("TransactItems")
    for item in transacted if isinstance(transacted, list) else []:
        for action in item.values() if isinstance(item, Mapping) else []:
            if isinstance(action, Mapping) and "TableName" in action:
                yield action["TableName"]


def _silent(table: Deployed) -> str | None:
    return None if table.property("StreamSpecification") else "the table has no stream"


_READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "Read"}
_STREAM_READS = "StreamGetRecords"


def price_of(operation: str, table: Resource | None) -> str | None:
    """What Lambda reads of a stream is free: https://aws.amazon.com/dynamodb/pricing/on-demand/"""
    if operation == "GetRecords":
        return None
    if operation == _STREAM_READS:
        return "dynamodb.stream-reads"
    return "dynamodb.read-requests" if operation in _READS else "dynamodb.write-requests"


SERVICE = Service(
    key="dynamodb",
    name="Amazon DynamoDB",
    actions="dynamodb",
    types=tuple(
        ResourceType(
            type,
            _NAMING,
            role="table",
            noun="a table",
            secured=True,
            pictured=True,
            inner=("/index/*",),
            shell=SHELL,
        )
        for type in TABLES
    ),
    uses=Uses(
        reads=("GetItem", "BatchGetItem", "Query", "Scan", "ConditionCheckItem", "PartiQLSelect"),
        writes=(
            "PutItem",
            "UpdateItem",
            "DeleteItem",
            "BatchWriteItem",
            "PartiQLInsert",
            "PartiQLUpdate",
            "PartiQLDelete",
        ),
    ),
    calls=_calls,
    action_of={
        "transactwriteitems": ("PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"),
        "transactgetitems": ("GetItem",),
    },
    silent=_silent,
    measures={"items": Measure(TABLES, "items of a table", "item", "in", "{resource} holds {bound}", "item")},
    levels={"items": Level(TABLES, "item")},
    operations=OPERATIONS,
    price_of=price_of,
    polled_with=tuple(
        f"dynamodb:{action}" for action in ("GetRecords", "GetShardIterator", "DescribeStream", "ListStreams")
    ),
    managed={
        "AmazonDynamoDBFullAccess": ("dynamodb:*",),
        "AmazonDynamoDBFullAccess_v2": ("dynamodb:*",),
        "AmazonDynamoDBReadOnlyAccess": (
            "dynamodb:getitem",
            "dynamodb:query",
            "dynamodb:scan",
            "dynamodb:batchgetitem",
        ),
        "AWSLambdaDynamoDBExecutionRole": (
            "dynamodb:getrecords",
            "dynamodb:getsharditerator",
            "dynamodb:describestream",
            "dynamodb:liststreams",
        ),
    },
    finders=(stream_copies,),
)
