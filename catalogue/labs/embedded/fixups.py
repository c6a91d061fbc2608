"""What the emulator's CloudFormation drops without a word, put back with the service's own API.

Found with MiniStack 1.5.33 and checked by tests/labs/embedded/test_fixups.py: drop a part here once the test
passes without it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from catalogue.labs.targets import Resource, Resources

ClientOf = Callable[[str], Any]
Template = Mapping[str, Any]


def restore_dropped_properties(client: ClientOf, template: Template, resources: Resources) -> None:
    """Make the stack what its template says. May run twice. Raises ClientError."""
    validators = dict(_create_validators(client, template, resources))
    _assign_validators(client, template, resources, validators)
    for logical, properties in _of_type(template, "AWS::DynamoDB::Table"):
        _enable_expiry(client, properties, resources[logical].id)
    for logical, properties in _of_type(template, "AWS::Serverless::Function", "AWS::Lambda::Function"):
        reserved = properties.get("ReservedConcurrentExecutions")
        if isinstance(reserved, int):
            client("lambda").put_function_concurrency(
                FunctionName=resources[logical].id, ReservedConcurrentExecutions=reserved
            )
    for logical, properties in _of_type(template, "AWS::Lambda::EventSourceMapping"):
        maximum = (properties.get("ScalingConfig") or {}).get("MaximumConcurrency")
        if isinstance(maximum, int):
            client("lambda").update_event_source_mapping(
                UUID=resources[logical].id, ScalingConfig={"MaximumConcurrency": maximum}
            )
    for _, properties in _of_type(template, "AWS::ApiGateway::Stage"):
        _enable_cache(client, properties, resources)


def end_workers(client: ClientOf, resources: Resources) -> None:
    """Delete a stack's functions: deleting only the stack leaves their worker processes alive."""
    functions = client("lambda")
    for resource in resources.values():
        if resource.type == "AWS::Lambda::Function":
            try:
                functions.delete_function(FunctionName=resource.id)
            except functions.exceptions.ResourceNotFoundException:
                continue


def _of_type(template: Template, *types: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for logical, resource in template["Resources"].items():
        if resource["Type"] in types:
            yield logical, resource.get("Properties") or {}


def _create_validators(client: ClientOf, template: Template, resources: Resources) -> Iterator[tuple[str, str]]:
    """Logical id of each validator with the id of the real one."""
    for logical, properties in _of_type(template, "AWS::ApiGateway::RequestValidator"):
        api = _physical(properties["RestApiId"], resources)
        name = properties.get("Name") or logical
        existing = client("apigateway").get_request_validators(restApiId=api)["items"]
        known = next((item["id"] for item in existing if item.get("name") == name), None)
        yield (
            logical,
            known
            or client("apigateway").create_request_validator(
                restApiId=api,
                name=name,
                validateRequestBody=_truth(properties.get("ValidateRequestBody")),
                validateRequestParameters=_truth(properties.get("ValidateRequestParameters")),
            )["id"],
        )


def _assign_validators(
    client: ClientOf, template: Template, resources: Resources, validators: Mapping[str, str]
) -> None:
    for _, properties in _of_type(template, "AWS::ApiGateway::Method"):
        validator = properties.get("RequestValidatorId")
        if not validator:
            continue
        api = _physical(properties["RestApiId"], resources)
        client("apigateway").update_method(
            restApiId=api,
            resourceId=_resource_id(client, api, properties["ResourceId"], resources),
            httpMethod=properties["HttpMethod"],
            patchOperations=[{"op": "replace", "path": "/requestValidatorId", "value": validators[validator["Ref"]]}],
        )


def _enable_expiry(client: ClientOf, properties: Mapping[str, Any], table: str) -> None:
    expiry = properties.get("TimeToLiveSpecification")
    if not expiry:
        return
    try:
        client("dynamodb").update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "AttributeName": expiry["AttributeName"],
                "Enabled": _truth(expiry.get("Enabled")),
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":  # it is enabled already
            raise


def _enable_cache(client: ClientOf, properties: Mapping[str, Any], resources: Resources) -> None:
    if not _truth(properties.get("CacheClusterEnabled")):
        return
    operations = [{"op": "replace", "path": "/cacheClusterEnabled", "value": "true"}]
    if size := properties.get("CacheClusterSize"):
        operations.append({"op": "replace", "path": "/cacheClusterSize", "value": str(size)})
    client("apigateway").update_stage(
        restApiId=_physical(properties["RestApiId"], resources),
        stageName=properties["StageName"],
        patchOperations=operations,
    )


def _physical(value: Any, resources: Resources) -> str:
    """The physical id that a literal or a Ref stands for."""
    if isinstance(value, Mapping) and value.get("Ref") in resources:
        resource: Resource = resources[value["Ref"]]
        return resource.id
    if isinstance(value, str):
        return value
    raise ValueError(f"Neither a Ref to a resource of the stack nor a text: {value!r}")


def _resource_id(client: ClientOf, api: str, value: Any, resources: Resources) -> str:
    if isinstance(value, Mapping) and "Fn::GetAtt" in value:  # the root: !GetAtt Api.RootResourceId
        items = client("apigateway").get_resources(restApiId=api, limit=500)["items"]
        return str(next(item["id"] for item in items if item["path"] == "/"))
    return _physical(value, resources)


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
