"""Amazon CloudWatch Synthetics: canaries."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Caller, Finding, ResourceType, Service

CANARY = "AWS::Synthetics::Canary"


def results(view: View) -> Iterator[Finding]:
    """A canary keeps what it saw in a bucket."""
    for canary in view.stack.of_type(CANARY):
        place = text_of(canary.property("ArtifactS3Location")).removeprefix("s3://").split("/")[0]
        bucket = view.stack.named(place, "AWS::S3::Bucket")
        if bucket is not None:
            arn, role = view.stack.arn(bucket), canary.property("ExecutionRoleArn")
            yield from view.delivery("delivery", canary.id, arn, canary, sender="synthetics", role=role)


def canaries(view: View) -> Iterator[Caller]:
    for canary in view.stack.of_type(CANARY):
        variables = canary.property("RunConfig", "EnvironmentVariables", default={})
        given = variables.values() if isinstance(variables, Mapping) else ()
        yield Caller(canary.id, canary.property("ExecutionRoleArn"), tuple(text_of(value) for value in given))


SERVICE = Service(
    key="synthetics",
    name="Amazon CloudWatch Synthetics",
    actions="synthetics",
    types=(ResourceType(CANARY, Naming("Name", "arn:aws:synthetics:{region}:{account}:canary:{name}"), pictured=True),),
    finders=(results,),
    callers=canaries,
)
