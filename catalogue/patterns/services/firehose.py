"""Amazon Data Firehose."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items
from catalogue.patterns.services.model import Finding, ResourceType, Service, Uses, named_by

STREAM = "AWS::KinesisFirehose::DeliveryStream"
_DESTINATIONS = ("BucketARN", "CollectionEndpoint", "DomainARN", "ClusterEndpoint")


def deliveries(view: View) -> Iterator[Finding]:
    """A delivery stream reads its source, lets a function transform records, and writes to its destination."""
    for stream in view.stack.of_type(STREAM):
        source = stream.property("KinesisStreamSourceConfiguration", "KinesisStreamARN")
        found = view.stack.find(source)
        if found is not None:
            yield from view.delivery("stream", found, view.stack.arn(stream.id), stream, sender="firehose")
        for key, configured in stream.properties.items():
            if key.endswith("DestinationConfiguration") and isinstance(configured, Mapping):
                yield from _destination(view, stream.id, configured)


def _destination(view: View, stream: str, configured: Mapping[str, object]) -> Iterator[Finding]:
    by, role = view.stack.resources[stream], configured.get("RoleARN")
    for key in _DESTINATIONS:
        if configured.get(key):
            yield from view.delivery("delivery", stream, configured[key], by, sender="firehose", role=role)
    for endpoint in items(configured.get("EndpointConfiguration")):
        if view.stack.find(endpoint.get("Url")):
            yield from view.delivery("delivery", stream, endpoint["Url"], by, sender="firehose")
    for backup in ("S3Configuration", "S3BackupConfiguration"):
        for inner in items(configured.get(backup)):
            yield from view.delivery("delivery", stream, inner.get("BucketARN"), by, sender="firehose", role=role)
    processing = configured.get("ProcessingConfiguration")
    for processor in items(processing.get("Processors") if isinstance(processing, Mapping) else None):
        for parameter in items(processor.get("Parameters")):
            if parameter.get("ParameterName") == "LambdaArn":
                function = parameter.get("ParameterValue")
                yield from view.delivery("enrichment", stream, function, by, sender="firehose", role=role, waits=True)


SERVICE = Service(
    key="firehose",
    name="Amazon Data Firehose",
    actions="firehose",
    types=(
        ResourceType(
            STREAM,
            Naming("DeliveryStreamName", "arn:aws:firehose:{region}:{account}:deliverystream/{name}"),
            pictured=True,
            works=False,
        ),
    ),
    uses=Uses(writes=("PutRecord", "PutRecordBatch")),
    calls=named_by("DeliveryStreamName"),
    managed={"AmazonKinesisFirehoseFullAccess": ("firehose:*",)},
    finders=(deliveries,),
)
