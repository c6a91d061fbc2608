"""What the emulator's CloudFormation drops from an API: validators, and a stage's cache.

Found with MiniStack 1.5.33 and checked by tests/labs/embedded/fixes/test_fixups.py: drop a part here once the test
passes without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.deployed import of_type, physical, truth
from catalogue.labs.services.model import ClientOf, Template

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Resources


def restore(client: ClientOf, template: Template, resources: Resources) -> None:
    validators = dict(_create_validators(client, template, resources))
    _assign_validators(client, template, resources, validators)
    for _, properties in of_type(template, "AWS::ApiGateway::Stage"):
        _enable_cache(client, properties, resources)


def _create_validators(client: ClientOf, template: Template, resources: Resources) -> Iterator[tuple[str, str]]:
    """What a Ref to each validator stands for in the stack, with the id of the real one."""
    for logical, properties in of_type(template, "AWS::ApiGateway::RequestValidator"):
        api = physical(properties["RestApiId"], resources)
        name = properties.get("Name") or logical
        existing = client("apigateway").get_request_validators(restApiId=api)["items"]
        known = next((item["id"] for item in existing if item.get("name") == name), None)
        yield (
            resources[logical].id,
            known
            or client("apigateway").create_request_validator(
                restApiId=api,
                name=name,
                validateRequestBody=truth(properties.get("ValidateRequestBody")),
                validateRequestParameters=truth(properties.get("ValidateRequestParameters")),
            )["id"],
        )


def _assign_validators(
    client: ClientOf, template: Template, resources: Resources, validators: Mapping[str, str]
) -> None:
    for _, properties in of_type(template, "AWS::ApiGateway::Method"):
        validator = properties.get("RequestValidatorId")
        if not validator:
            continue
        api = physical(properties["RestApiId"], resources)
        client("apigateway").update_method(
            restApiId=api,
            resourceId=_resource_id(client, api, properties["ResourceId"], resources),
            httpMethod=properties["HttpMethod"],
            patchOperations=[
                {"op": "replace", "path": "/requestValidatorId", "value": validators.get(validator, validator)}
            ],
        )


def _enable_cache(client: ClientOf, properties: Mapping[str, Any], resources: Resources) -> None:
    if not truth(properties.get("CacheClusterEnabled")):
        return
    operations = [{"op": "replace", "path": "/cacheClusterEnabled", "value": "true"}]
    if size := properties.get("CacheClusterSize"):
        operations.append({"op": "replace", "path": "/cacheClusterSize", "value": str(size)})
    client("apigateway").update_stage(
        restApiId=physical(properties["RestApiId"], resources),
        stageName=properties["StageName"],
        patchOperations=operations,
    )


def _resource_id(client: ClientOf, api: str, value: Any, resources: Resources) -> str:
    if isinstance(value, Mapping) and "Fn::GetAtt" in value:  # the root: !GetAtt Api.RootResourceId
        items = client("apigateway").get_resources(restApiId=api, limit=500)["items"]
        return str(next(item["id"] for item in items if item["path"] == "/"))
    return physical(value, resources)
