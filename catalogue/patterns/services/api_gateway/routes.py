"""What the APIs of a template answer to: methods and whole paths, each with what its integration calls."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.openapi import operations
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import Deployed, mapping
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.services.api_gateway import http, rest
from catalogue.patterns.services.api_gateway.integrations import integration_of, reached
from catalogue.patterns.services.model import Finding, Made, Relation, Route

APIS = (rest.API, http.API, "AWS::Serverless::Api", "AWS::Serverless::HttpApi")
MADE_FOR = {
    "Api": Made("ServerlessRestApi", "AWS::Serverless::Api", "REST API", "RestApiId"),
    "HttpApi": Made("ServerlessHttpApi", "AWS::Serverless::HttpApi", "HTTP API", "ApiId"),
}
"""The API that SAM makes for events of this type:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources-httpapi.html
"""
_ANY = ("/", "/{proxy+}")


def routes(view: View) -> Iterator[Route]:
    """Those of REST and HTTP APIs, written as resources or in an OpenAPI body. A WebSocket API has no paths."""
    parts = {view.stack.names[part.id].ref: part for part in view.stack.of_type(rest.RESOURCE)}
    for method in view.stack.of_type(rest.METHOD):
        api = view.stack.named(method.property("RestApiId"), rest.API) or method.id
        called = _target(view, api, method, method.property("Integration"))
        path = _path(parts, method.property("ResourceId"))
        yield Route(text_of(method.property("HttpMethod")).upper(), path, method.id, called)
    by_name = {view.stack.names[one.id].ref: one for one in view.stack.of_type(http.INTEGRATION)}
    for route in view.stack.of_type(http.ROUTE):
        api_id = view.stack.named(route.property("ApiId"), http.API)
        if api_id and view.stack.resources[api_id].property("ProtocolType") == "WEBSOCKET":
            continue
        key = text_of(route.property("RouteKey"))
        integration = by_name.get(text_of(route.property("Target")).rpartition("/")[2])
        called = _target(view, api_id or route.id, integration, integration.properties) if integration else ""
        if key == "$default":
            yield from (Route("ANY", path, route.id, called) for path in _ANY)
        elif " /" in key:
            method_name, _, path = key.partition(" ")
            yield Route(method_name.upper(), path, route.id, called)
    for one in view.stack.of_type(rest.API, http.API):
        for operation in operations(one.property("Body")):
            called = _target(view, one.id, one, operation.integration)
            for path in _ANY if operation.path.strip("/") == "$default" else (operation.path,):
                yield Route(operation.method, path, called or one.id, called)


def endpoints(template: Template) -> Iterator[str]:
    """The APIs of a template. Of events of SAM that name none, it makes an API that has a name of its own."""
    yield from (one.id for one in template.of_type(*APIS))
    for function in template.of_type("AWS::Serverless::Function"):
        for event in mapping(function.property("Events")).values():
            if (made := MADE_FOR.get(text_of(mapping(event).get("Type")))) is not None:
                yield made.id


def _target(view: View, source: str, by: Deployed, integration: Any) -> str:
    if not isinstance(integration, Mapping):
        return ""
    return _first(reached(view, source, by, integration_of(mapping(integration))))


def _first(findings: Iterable[Finding]) -> str:
    return next((finding.target for finding in findings if isinstance(finding, Relation)), "")


def _path(parts: Mapping[str, Deployed], resource: Any) -> str:
    """The whole path of an API Gateway resource that a ResourceId or ParentId names; that of the root is empty."""
    found: list[str] = []
    seen: set[str] = set()
    part = parts.get(text_of(resource))
    while part is not None and part.id not in seen:
        seen.add(part.id)
        found.append(text_of(part.property("PathPart")))
        part = parts.get(text_of(part.property("ParentId")))
    return "/" + "/".join(reversed(found))
