"""REST APIs: what their methods call, which authorizers they ask, what answers from a cache."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalogue.patterns.cloudformation.arrows.openapi import operations, schemes
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import is_true, text_of
from catalogue.patterns.cloudformation.stack.stack import Deployed, items
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.services.api_gateway.integrations import integration_of, invoked, reached
from catalogue.patterns.services.model import Finding, NotProven, Relation, Standing

API = "AWS::ApiGateway::RestApi"
RESOURCE = "AWS::ApiGateway::Resource"
METHOD = "AWS::ApiGateway::Method"
AUTHORIZER = "AWS::ApiGateway::Authorizer"
VALIDATOR = "AWS::ApiGateway::RequestValidator"
STAGE = "AWS::ApiGateway::Stage"


def methods(view: View) -> Iterator[Finding]:
    """What the methods of an API call: those of the template, and those of the API's OpenAPI body."""
    for method in view.stack.of_type(METHOD):
        api = view.stack.named(method.property("RestApiId"), API)
        integration = method.property("Integration")
        if api is not None and isinstance(integration, Mapping):
            yield from reached(view, api, method, integration_of(integration))
    for resource in view.stack.of_type(API):
        for operation in operations(resource.property("Body")):
            yield from reached(view, resource.id, resource, integration_of(operation.integration))


def authorizers(view: View) -> Iterator[Finding]:
    """Which function or user pool an API asks before it calls. An authorizer that no method needs is never asked."""
    used = {
        text_of(method.property("AuthorizerId"))
        for method in view.stack.of_type(METHOD)
        if text_of(method.property("AuthorizationType")) in ("CUSTOM", "COGNITO_USER_POOLS")
    }
    for authorizer in view.stack.of_type(AUTHORIZER):
        api = view.stack.named(authorizer.property("RestApiId"), API)
        if api is None:
            continue
        if view.stack.names[authorizer.id].ref in used:
            yield from _asked(view, api, authorizer, authorizer.properties)
        else:
            yield NotProven("authorizer", api, authorizer.id, authorizer.id, "no method uses the authorizer")
    for resource in view.stack.of_type(API):
        body = resource.property("Body")
        needed = [scheme for operation in operations(body) for scheme in operation.authorizers]
        for name, scheme in schemes(body).items():
            asked = scheme.get("x-amazon-apigateway-authorizer")
            if isinstance(asked, Mapping) and any(scheme is one for one in needed):
                yield from _asked(view, resource.id, resource, asked)
            elif isinstance(asked, Mapping):
                yield NotProven("authorizer", resource.id, name, resource.id, "no method uses the authorizer")


def _asked(view: View, api: str, by: Deployed, authorizer: Mapping[str, Any]) -> Iterator[Finding]:
    found = {key.lower(): value for key, value in authorizer.items()}
    uri = text_of(found.get("authorizeruri"))
    if "functions/" in uri:
        arn = uri.partition("functions/")[2].partition("/invocations")[0]
        yield from invoked(view, "authorizer", api, by, arn, found.get("authorizercredentials"), False)
    arns = found.get("providerarns")
    for arn in arns if isinstance(arns, list) else []:
        pool = view.stack.find(arn)
        if pool is not None:
            yield Relation("authorizer", api, pool, by.id, True)


def caches(view: View) -> Iterator[Finding]:
    """A stage with a cache cluster answers from it, for the methods whose caching is on."""
    for stage in view.stack.of_type(STAGE):
        api = view.stack.named(stage.property("RestApiId"), API)
        if api is None or not is_true(stage.property("CacheClusterEnabled")):
            continue
        if any(is_true(setting.get("CachingEnabled")) for setting in items(stage.property("MethodSettings"))):
            yield Relation("cache", api, stage.id, stage.id, True)
        else:
            yield NotProven("cache", api, stage.id, stage.id, "no method of the stage has caching on")


def standing(template: Template, resource: Resource) -> Iterator[Standing]:
    """A stage's cache cluster is billed by the hour, whether it answers or not."""
    if resource.type == STAGE and is_true(resource.property("CacheClusterEnabled")):
        size = resource.property("CacheClusterSize", default="0.5")
        what = f"{size} GB cache of {resource.id}, billed even when idle"
        yield Standing(f"apigateway.cache-{size}gb", resource.id, what, Decimal(1))
