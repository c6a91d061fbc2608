"""Routes of a REST API, as they are deployed, with what each one needs and calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.contents import Contents, Entry, bounded

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Target

_MOST_RESOURCES = 100


def read(target: Target, api: str) -> Contents:
    client = target.client("apigateway")
    resources = client.get_resources(restApiId=api, limit=_MOST_RESOURCES, embed=["methods"])["items"]
    return bounded("Routes", _routes(client, api, sorted(resources, key=lambda one: str(one["path"]))))


def _routes(client: Any, api: str, resources: list[dict[str, Any]]) -> Iterator[Entry]:
    for resource in resources:
        for method in sorted(resource.get("resourceMethods", {})):
            found = client.get_method(restApiId=api, resourceId=resource["id"], httpMethod=method)
            facts = [_integration(found.get("methodIntegration", {}))]
            if found.get("authorizationType", "NONE") != "NONE":
                facts.append("authorizer")
            if found.get("requestValidatorId"):
                facts.append("validated")
            if found.get("apiKeyRequired"):
                facts.append("API key")
            yield Entry(f"{method} {resource['path']}", facts=tuple(facts))


def _integration(integration: dict[str, Any]) -> str:
    kind = str(integration.get("type", "none"))
    return {"AWS_PROXY": "Lambda proxy", "AWS": "AWS service", "HTTP_PROXY": "HTTP proxy"}.get(kind, kind.lower())
