"""Amazon Kinesis Data Streams."""

from collections.abc import Iterator
from decimal import Decimal

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.services.model import ResourceType, Service, Standing, Uses, named_by

STREAM = "AWS::Kinesis::Stream"


def is_on_demand(stream: Resource | None) -> bool:
    """Whether a stream is billed by its data. One that names no number of shards and no mode has one shard."""
    return stream is not None and stream.property("StreamModeDetails", "StreamMode") == "ON_DEMAND"


def price_of(operation: str, stream: Resource | None) -> str | None:
    """Units are payload chunks of 25 KB, as provisioned streams are billed. Reading is free but for fan-out.

    https://aws.amazon.com/kinesis/data-streams/pricing/
    """
    if operation in ("PutRecord", "PutRecords"):
        return "" if is_on_demand(stream) else "kinesis.put-units"
    return None if operation in ("GetRecords", "GetShardIterator") else ""


def standing(template: Template, resource: Resource) -> Iterator[Standing]:
    """A provisioned stream is billed by its shards, an on-demand stream as a whole, by the hour."""
    if resource.type != STREAM:
        return
    if is_on_demand(resource):
        what = f"{resource.id}, on demand, billed even when idle"
        yield Standing("kinesis.stream-hours", resource.id, what, Decimal(1))
    else:
        count = str(resource.property("ShardCount", default=1))
        shards = int(count) if count.isascii() and count.isdigit() else 1
        what = f"{shards} {'shard' if shards == 1 else 'shards'} of {resource.id}, billed even when idle"
        yield Standing("kinesis.shard-hours", resource.id, what, Decimal(shards))


SERVICE = Service(
    key="kinesis",
    name="Amazon Kinesis",
    actions="kinesis",
    types=(
        ResourceType(
            STREAM,
            Naming("Name", "arn:aws:kinesis:{region}:{account}:stream/{name}"),
            pictured=True,
            works=False,
        ),
        ResourceType(
            "AWS::Kinesis::StreamConsumer",
            Naming(
                "StreamARN",
                "arn:aws:kinesis:{region}:{account}:stream/{name}/consumer/{id}",
                ref="{arn}",
                attributes={"ConsumerARN": "{arn}"},
                part=True,
            ),
        ),
    ),
    parts=("AWS::Kinesis::ResourcePolicy",),
    uses=Uses(writes=("PutRecord", "PutRecords"), polls=("GetRecords",)),
    calls=named_by("StreamName", "StreamARN"),
    price_of=price_of,
    unit="chunks of 25 KB",
    standing=standing,
    managed={
        "AmazonKinesisFullAccess": ("kinesis:*",),
        "AWSLambdaKinesisExecutionRole": (
            "kinesis:getrecords",
            "kinesis:getsharditerator",
            "kinesis:describestream",
            "kinesis:subscribetoshard",
        ),
    },
)
