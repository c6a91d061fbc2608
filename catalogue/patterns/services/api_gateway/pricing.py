"""What calls of APIs cost, and which calls AWS does not charge."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from catalogue.patterns.cloudformation.arrows.proofs import relations
from catalogue.patterns.services.api_gateway import http, rest
from catalogue.patterns.services.model import Charge, Part, decimal, part_of

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Resource, Template
    from catalogue.patterns.runs.document import Run

KEY = "api-gateway"
CALLS = ("Request", "UnchargedRequest")
AVOIDS = {
    "Refusal": "invocations avoided: the gateway rejected the request itself",
    "UnchargedRequest": "invocations avoided: the caller had no valid identity, so no backend was called",
    "CacheHit": "invocations avoided: the stage's cache answered",
    "AuthorizerCacheHit": "authorizer invocations avoided: its decision was cached",
    "DirectIntegration": "invocations avoided: the gateway called the service directly, without a function",
}
"""What each count of the gateway means for the functions behind it. The price is that of the request itself."""


def charges(run: Run, template: Template) -> Iterator[Charge]:
    """Calls, messages and connection minutes of each API, as they were counted, or calls by the requests of the run."""
    own = [use for use in run.uses if use.service == KEY]
    for use in own:
        if use.operation == "Request":
            yield request_key(template, use.resource), Part(f"calls of {use.resource}", use.count, decimal(use.units))
        elif use.operation in ("Message", "ConnectionMinute"):
            key = "apigateway.websocket-messages" if use.operation == "Message" else "apigateway.websocket-minutes"
            yield key, part_of(use, "chunks of 32 KB" if use.operation == "Message" else "minutes")
        elif use.operation not in AVOIDS:
            yield "", part_of(use)
    if not own and _has_api(template):
        calls = sum(event.kind == "request" for event in run.events)
        charged = calls - refused_for_identity(run, template)
        if charged:
            api = next((resource.id for resource in template.of_type(rest.API, http.API)), None)
            yield request_key(template, api), Part(f"calls of {api or 'the API'}", charged, Decimal(charged))


def _has_api(template: Template) -> bool:
    """Also one that SAM makes of a function's events."""
    has_one = any(True for _ in template.of_type(rest.API, http.API))
    return has_one or any(relation.kind == "integration" for relation in relations(template))


def can_be_used(resource: Resource, operation: str) -> bool:
    """Messages and connections are of WebSocket APIs, calls are of the others."""
    is_websocket: bool = resource.property("ProtocolType") == "WEBSOCKET"
    return (operation in ("Message", "ConnectionMinute")) == is_websocket


def request_key(template: Template, api: str | None) -> str:
    """The price key of calls of this API: HTTP APIs are cheaper than REST APIs."""
    resource = template.resources.get(api or "")
    is_http = resource is not None and resource.type in (http.API, "AWS::Serverless::HttpApi")
    return "apigateway.http-requests" if is_http else "apigateway.rest-requests"


def refused_for_identity(run: Run, template: Template) -> int:
    """Calls that ended in 401 or 403 before any function but an authorizer: AWS does not charge them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-pricing.html
    """
    guards = {relation.target for relation in relations(template) if relation.kind == "authorizer"}
    if not guards:
        return 0
    reached = {
        event.trace for event in run.events if event.kind in ("invocation", "log") and event.function not in guards
    }
    return sum(
        event.kind == "request" and event.status in (401, 403) and event.trace not in reached for event in run.events
    )


def direct_methods(template: Template) -> Iterator[str]:
    """Logical ids of the methods that call another service's API than Lambda's, of the template or outside."""
    for method in template.of_type(rest.METHOD):
        integration = method.property("Integration", default={})
        if integration.get("Type") == "AWS" and ":lambda:" not in str(integration.get("Uri")):
            yield method.id
