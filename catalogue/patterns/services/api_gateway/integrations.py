"""API Gateway's integrations: what a request to an API reaches.

https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html#apigw-PutIntegration-request-uri
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-aws-services-reference.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalogue.patterns.cloudformation.arrows.calls import arguments_of, call
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import Deployed, mapping, texts
from catalogue.patterns.services.model import Finding, NotProven

_URI = re.compile(r"arn:aws[\w-]*:apigateway:[^:]*:(?P<service>[\w.-]+):(?P<how>path|action)/(?P<what>.*)", re.DOTALL)
_FUNCTION = re.compile(r"functions/(arn:[^/]*)/(?:response-streaming-)?invocations")
_SUBTYPE = re.compile(r"(?P<service>\w+)-(?P<operation>\w+)")
_HEADER = re.compile(r"(?:AWSEvents|\w+?)\.(\w+)")
_STAGE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")
_METHODS = ("integrationHttpMethod", "integrationMethod", "httpMethod")
_SUBTYPES = {"EventBridge": "events", "StepFunctions": "states"}
"""Services whose name in an integration's subtype is not the one of their actions."""


@dataclass(frozen=True)
class Integration:
    type: str
    uri: str
    subtype: str
    credentials: Any
    templates: Mapping[str, Any]
    parameters: Mapping[str, Any]
    method: str = ""
    """The method with which the service is called, in capitals."""
    link: str = ""
    """The VPC link through which it goes."""


def integration_of(value: Mapping[str, Any]) -> Integration:
    """Of a method, a route's integration or `x-amazon-apigateway-integration`, which differ in capitals only."""
    found = {str(key)[:1].lower() + str(key)[1:]: inner for key, inner in value.items()}
    return Integration(
        text_of(found.get("type") or found.get("integrationType")).upper(),
        text_of(found.get("uri") or found.get("integrationUri")),
        text_of(found.get("integrationSubtype")),
        found.get("credentials") or found.get("credentialsArn"),
        mapping(found.get("requestTemplates")),
        mapping(found.get("requestParameters")),
        text_of(
            found.get("integrationHttpMethod") or found.get("httpMethod") or found.get("integrationMethod")
        ).upper(),
        text_of(found.get("connectionId")),
    )


def reached(view: View, api: str, by: Deployed, integration: Integration) -> Iterator[Finding]:
    """What the integration calls. Queues and topics that a template merely mentions are not called."""
    if integration.type == "MOCK":
        return
    integration = _at_stage(view, api, integration)
    uri = _URI.fullmatch(integration.uri)
    if subtype := _SUBTYPE.fullmatch(integration.subtype):
        service = _SUBTYPES.get(subtype["service"], subtype["service"].lower())
        yield from _called(view, api, by, integration, service, subtype["operation"], dict(integration.parameters))
    elif uri and (function := _FUNCTION.search(uri["what"])):
        yield from invoked(view, "integration", api, by, function[1], integration.credentials, _is_event(integration))
    elif uri and uri["how"] == "action":
        arguments = _arguments(integration)
        yield from _called(view, api, by, integration, _service(uri), uri["what"].split("&")[0], arguments)
    elif uri:
        yield from _by_path(view, api, by, integration, uri["service"], uri["what"])
    elif integration.uri.startswith("arn:aws:lambda:"):
        yield from invoked(view, "integration", api, by, integration.uri, integration.credentials, False)
    elif integration.uri:
        addresses = [*_linked(view, integration.link), integration.uri]
        target = next((address for address in addresses if view.stack.find(address)), None)
        if target is not None and view.stack.find(target) != api:
            yield from view.delivery("integration", api, target, by, sender="apigateway", waits=True)


def _at_stage(view: View, api: str, integration: Integration) -> Integration:
    """The integration with the variables of the API's stages put in."""
    if "stageVariables" not in f"{integration.uri}{integration.link}{integration.credentials}":
        return integration
    found: dict[str, Any] = {}
    for stage in view.stack.resources.values():
        of = stage.property("RestApiId", default=stage.property("ApiId"))
        if stage.type.endswith("::Stage") and view.stack.named(of, view.stack.resources[api].type) == api:
            found |= mapping(stage.property("Variables", default=stage.property("StageVariables")))

    def put_in(text: Any) -> Any:
        return _STAGE_VARIABLE.sub(lambda name: text_of(found.get(name[1], name[0])), text_of(text)) if text else text

    return replace(
        integration,
        uri=put_in(integration.uri),
        link=put_in(integration.link),
        credentials=put_in(integration.credentials),
    )


def _linked(view: View, link: str) -> list[str]:
    """The load balancers behind a VPC link of a REST API."""
    for one in view.stack.of_type("AWS::ApiGateway::VpcLink"):
        if view.stack.names[one.id].ref == link:
            return [arn for arn in one.property("TargetArns", default=[]) if isinstance(arn, str)]
    return []


def invoked(
    view: View, kind: str, api: str, by: Deployed, function: str, credentials: Any, event: bool
) -> Iterator[Finding]:
    """A gateway's call of a function, with a role or by the function's permission."""
    yield from view.delivery(kind, api, function, by, sender="apigateway", role=credentials, waits=not event)


def _called(
    view: View,
    api: str,
    by: Deployed,
    integration: Integration,
    service: str,
    operation: str,
    arguments: Mapping[str, Any],
) -> Iterator[Finding]:
    if not integration.credentials:
        yield NotProven("integration", api, f"{service}:{operation}", by.id, "the integration has no credentials")
        return
    yield from call(
        view,
        "integration",
        api,
        by,
        service=service,
        operation=operation,
        arguments=arguments,
        role=integration.credentials,
    )


def _by_path(
    view: View, api: str, by: Deployed, integration: Integration, uri_service: str, path: str
) -> Iterator[Finding]:
    """A call whose address names the resource (`sqs:path/123/Queue`, `s3:path/bucket/key`) or only the operation."""
    host, _, service = uri_service.rpartition(".")
    arguments = _arguments(integration)
    target = text_of(integration.parameters.get("integration.request.header.X-Amz-Target")).strip("'")
    header = _HEADER.fullmatch(target)
    asked = re.search(r"Action=(\w+)", " ".join([path, *texts(dict(integration.templates))]))
    operation = header[1] if header else asked[1] if asked else text_of(arguments.get("Action"))
    called = view.registry.of_api(service)
    if called and called.by_path:
        segments = [_path_value(integration, part) for part in path.split("?", maxsplit=1)[0].split("/") if part]
        implied, named = called.by_path(integration.method, host, segments)
        operation, arguments = operation or implied, {**arguments, **named}
    yield from _called(view, api, by, integration, service, operation, arguments)


def _path_value(integration: Integration, segment: str) -> str:
    """A segment of the address; `{bucket}` has the value that the integration's parameters give it."""
    if not segment.startswith("{"):
        return segment
    value = text_of(integration.parameters.get(f"integration.request.path.{segment.strip('{}')}"))
    return value.strip("'") if value.startswith("'") else f"$input.{value}"


def _arguments(integration: Integration) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for template in integration.templates.values():
        found = {**arguments_of(text_of(template)), **found}
    for name, value in integration.parameters.items():
        if name.startswith(("integration.request.querystring.", "integration.request.header.")):
            text = text_of(value)
            found.setdefault(name.rpartition(".")[2], text.strip("'") if text.startswith("'") else f"$input.{text}")
    return found


def _service(uri: re.Match[str]) -> str:
    return uri["service"].rpartition(".")[2]


def _is_event(integration: Integration) -> bool:
    """Whether the function is invoked without waiting for its result."""
    value = integration.parameters.get("integration.request.header.X-Amz-Invocation-Type")
    return text_of(value).strip("'") == "Event"
