"""Custom domain names: which APIs get the requests that come to them."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Finding, Relation, ResourceType

_DOMAINS = ("AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2", "AWS::ApiGatewayV2::DomainName")
MAPPINGS = (
    "AWS::ApiGateway::BasePathMapping",
    "AWS::ApiGateway::BasePathMappingV2",
    "AWS::ApiGatewayV2::ApiMapping",
)
_NAMING = Naming(
    "DomainName",
    "arn:aws:apigateway:{region}::/domainnames/{name}",
    addresses=("https://{name}",),
    attributes={
        "RegionalDomainName": "{name}.regional.execute-api.{region}.amazonaws.com",
        "DistributionDomainName": "{name}.distribution.cloudfront.net",
    },
)
TYPES = tuple(ResourceType(type, _NAMING, pictured=True) for type in _DOMAINS)


def domains(view: View) -> Iterator[Finding]:
    """A domain name hands the requests under its base paths to APIs, of any kind."""
    for mapped in view.stack.of_type(*MAPPINGS):
        of = mapped.property("RestApiId", default=mapped.property("ApiId"))
        named = mapped.property("DomainName", default=mapped.property("DomainNameArn"))
        api = view.stack.named(of, *view.registry.of_role("gateway"))
        domain = view.stack.named(named, *_DOMAINS)
        if api is not None and domain is not None:
            yield Relation("domain", domain, api, mapped.id, True)
