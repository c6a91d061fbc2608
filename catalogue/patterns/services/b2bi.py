"""AWS B2B Data Interchange: capabilities that transform documents."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import mapping
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service

CAPABILITY = "AWS::B2BI::Capability"


def transformations(view: View) -> Iterator[Finding]:
    """A capability reads documents from one bucket and writes what it makes of them to another."""
    for capability in view.stack.of_type(CAPABILITY):
        edi = mapping(capability.property("Configuration", "Edi"))
        source, target = (
            view.stack.named(mapping(edi.get(key)).get("BucketName"), "AWS::S3::Bucket")
            for key in ("InputLocation", "OutputLocation")
        )
        if source:
            yield Relation("ingestion", source, capability.id, capability.id)
        if target:
            yield Relation("delivery", capability.id, target, capability.id)


SERVICE = Service(
    key="b2bi",
    name="AWS B2B Data Interchange",
    actions="b2bi",
    types=(ResourceType(CAPABILITY, Naming(arn="arn:aws:b2bi:{region}:{account}:capability/{name}"), pictured=True),),
    parts=("AWS::B2BI::Profile", "AWS::B2BI::Partnership", "AWS::B2BI::Transformer"),
    finders=(transformations,),
)
