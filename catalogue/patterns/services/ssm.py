"""AWS Systems Manager: parameters, and associations that run commands."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import mapping
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses

ASSOCIATION = "AWS::SSM::Association"


def outputs(view: View) -> Iterator[Finding]:
    """An association writes what its commands print to a bucket."""
    for association in view.stack.of_type(ASSOCIATION):
        place = mapping(association.property("OutputLocation", "S3Location"))
        bucket = view.stack.named(place.get("OutputS3BucketName"), "AWS::S3::Bucket")
        if bucket is not None:
            yield Relation("delivery", association.id, bucket, association.id)


def _calls(operation: str, arguments: Mapping[str, Any]) -> Iterable[Any]:
    names = [arguments["Name"]] if "Name" in arguments else []
    associations = arguments.get("AssociationIds")
    return [*names, *(associations if isinstance(associations, list) else [])]


SERVICE = Service(
    key="ssm",
    name="AWS Systems Manager",
    actions="ssm",
    types=(
        ResourceType(
            "AWS::SSM::Parameter", Naming("Name", "arn:aws:ssm:{region}:{account}:parameter/{name}"), pictured=True
        ),
        ResourceType(
            ASSOCIATION,
            Naming(arn="arn:aws:ssm:{region}:{account}:association/{name}", attributes={"AssociationId": "{name}"}),
            pictured=True,
            works=False,
        ),
    ),
    parts=("AWS::SSM::Document",),
    uses=Uses(
        reads=("GetParameter", "GetParameters", "GetParametersByPath"), writes=("PutParameter", "StartAssociationsOnce")
    ),
    calls=_calls,
    finders=(outputs,),
    managed={"AmazonSSMReadOnlyAccess": ("ssm:get*",), "AmazonSSMFullAccess": ("ssm:*",)},
)
