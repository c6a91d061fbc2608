"""Amazon CloudFront."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service

DISTRIBUTION = "AWS::CloudFront::Distribution"


def origins(view: View) -> Iterator[Finding]:
    """A distribution asks the origins that its cache behaviors name."""
    for distribution in view.stack.of_type(DISTRIBUTION):
        config = distribution.property("DistributionConfig", default={})
        if not isinstance(config, Mapping):
            continue
        behaviors = [*items(config.get("DefaultCacheBehavior")), *items(config.get("CacheBehaviors"))]
        used = {text_of(behavior.get("TargetOriginId")) for behavior in behaviors}
        for origin in items(config.get("Origins")):
            target = view.stack.find(origin.get("DomainName"))
            if target is not None and text_of(origin.get("Id")) in used:
                yield Relation("origin", distribution.id, target, distribution.id, True)
        for behavior in behaviors:
            for edge in items(behavior.get("LambdaFunctionAssociations")):
                function = view.stack.find(edge.get("LambdaFunctionARN"))
                if function is not None:
                    yield Relation("origin", distribution.id, function, distribution.id, True)


SERVICE = Service(
    key="cloudfront",
    name="Amazon CloudFront",
    actions="cloudfront",
    types=(
        ResourceType(
            DISTRIBUTION,
            Naming(
                arn="arn:aws:cloudfront::{account}:distribution/{name}",
                addresses=("https://{name}.cloudfront.net",),
                attributes={"DomainName": "{name}.cloudfront.net"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::CloudFront::CachePolicy",
        "AWS::CloudFront::OriginAccessControl",
        "AWS::CloudFront::CloudFrontOriginAccessIdentity",
        "AWS::CloudFront::Function",
    ),
    finders=(origins,),
)
