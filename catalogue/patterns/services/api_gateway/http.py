"""HTTP and WebSocket APIs: what their routes call, and which authorizers they ask."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.openapi import operations
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import Deployed
from catalogue.patterns.services.api_gateway.integrations import Integration, integration_of, invoked, reached
from catalogue.patterns.services.model import Finding, NotProven, Relation

API = "AWS::ApiGatewayV2::Api"
ROUTE = "AWS::ApiGatewayV2::Route"
INTEGRATION = "AWS::ApiGatewayV2::Integration"
AUTHORIZER = "AWS::ApiGatewayV2::Authorizer"


def routes(view: View) -> Iterator[Finding]:
    """What the routes of an API call. An integration that no route names is never called."""
    routed = {text_of(route.property("Target")).rpartition("/")[2] for route in view.stack.of_type(ROUTE)}
    for integration in view.stack.of_type(INTEGRATION):
        api = view.stack.named(integration.property("ApiId"), API)
        if api is None:
            continue
        if view.stack.names[integration.id].ref in routed:
            yield from reached(view, api, integration, integration_of(integration.properties))
        else:
            yield NotProven("integration", api, integration.id, integration.id, "no route uses the integration")
    for resource in view.stack.of_type(API):
        for operation in operations(resource.property("Body")):
            yield from reached(view, resource.id, resource, integration_of(operation.integration))
        target = text_of(resource.property("Target"))
        if target:
            whole = Integration("AWS_PROXY", target, "", resource.property("CredentialsArn"), {}, {})
            yield from reached(view, resource.id, resource, whole)


def authorizers(view: View) -> Iterator[Finding]:
    """Which function or user pool an API asks before it calls, where some route needs it."""
    used = {text_of(route.property("AuthorizerId")) for route in view.stack.of_type(ROUTE)}
    for authorizer in view.stack.of_type(AUTHORIZER):
        api = view.stack.named(authorizer.property("ApiId"), API)
        if api is None:
            continue
        if view.stack.names[authorizer.id].ref in used:
            yield from _asked(view, api, authorizer, authorizer.properties)
        else:
            yield NotProven("authorizer", api, authorizer.id, authorizer.id, "no route uses the authorizer")
    for resource in view.stack.of_type(API):
        for operation in operations(resource.property("Body")):
            for scheme in operation.authorizers:
                asked = scheme.get("x-amazon-apigateway-authorizer")
                if isinstance(asked, Mapping):
                    yield from _asked(view, resource.id, resource, asked)


def _asked(view: View, api: str, by: Deployed, authorizer: Mapping[str, Any]) -> Iterator[Finding]:
    found = {key.lower(): value for key, value in authorizer.items()}
    uri = text_of(found.get("authorizeruri"))
    if "functions/" in uri:
        arn = uri.partition("functions/")[2].partition("/invocations")[0]
        role = found.get("authorizercredentialsarn") or found.get("authorizercredentials")
        yield from invoked(view, "authorizer", api, by, arn, role, False)
    tokens = found.get("jwtconfiguration")
    issuer = tokens.get("Issuer", tokens.get("issuer")) if isinstance(tokens, Mapping) else None
    pool = view.stack.find(issuer)
    if pool is not None:
        yield Relation("authorizer", api, pool, by.id, True)
