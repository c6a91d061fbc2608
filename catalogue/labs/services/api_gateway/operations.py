"""Operations on an API: its stage's caches, who may invalidate them, and what its validator looks at."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from catalogue.labs.services.operating import OperationFailed, Stack, cli

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation


def flush_cache(stack: Stack, operation: Operation) -> str:
    """Empty the stage's cache. https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageCache.html"""
    stage, api = stack.physical(operation.resource), _api(stack)
    stack.client("apigateway").flush_stage_cache(restApiId=api, stageName=stage)
    return cli("apigateway flush-stage-cache", rest_api_id=api, stage_name=stage)


def flush_authorizers_cache(stack: Stack, operation: Operation) -> str:
    """Forget every policy that the stage's authorizers have returned, as if its time had run out.

    https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html
    """
    stage, api = stack.physical(operation.resource), _api(stack)
    stack.client("apigateway").flush_stage_authorizers_cache(restApiId=api, stageName=stage)
    return cli("apigateway flush-stage-authorizers-cache", rest_api_id=api, stage_name=stage)


def set_body_validation(enabled: bool) -> Callable[[Stack, Operation], str]:
    """Let the API's request validator look at bodies, or not, and deploy the change: a stage serves a snapshot.

    https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateRequestValidator.html
    """

    def change(stack: Stack, operation: Operation) -> str:
        stack.physical(operation.resource)
        gateway, api, stage = stack.client("apigateway"), _api(stack), _stage(stack)
        validators = gateway.get_request_validators(restApiId=api)["items"]
        if len(validators) != 1:
            raise OperationFailed(f"The API has {len(validators)} request validators, not one.")
        validator, value = validators[0]["id"], "true" if enabled else "false"
        patch = {"op": "replace", "path": "/validateRequestBody", "value": value}
        gateway.update_request_validator(restApiId=api, requestValidatorId=validator, patchOperations=[patch])
        gateway.create_deployment(restApiId=api, stageName=stage)
        updated = cli("apigateway update-request-validator", rest_api_id=api, request_validator_id=validator)
        shown = shlex.quote(f"op=replace,path=/validateRequestBody,value={value}")
        deployed = cli("apigateway create-deployment", rest_api_id=api, stage_name=stage)
        return f"{updated} --patch-operations {shown} && {deployed}"

    return change


def set_of_cached_methods(setting: str, fixed: str = "") -> Callable[[Stack, Operation], str]:
    """Change a setting of each cached method of the stage, to the operation's own value if none is fixed.

    Paths of the patch: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
    """

    def change(stack: Stack, operation: Operation) -> str:
        gateway = stack.client("apigateway")
        stage_name, api = stack.physical(operation.resource), _api(stack)
        settings = gateway.get_stage(restApiId=api, stageName=stage_name).get("methodSettings", {})
        paths = [
            f"/{settings_path(key)}/caching/{setting}" for key, entry in settings.items() if entry.get("cachingEnabled")
        ]
        if not paths:
            raise OperationFailed("The stage caches no method.")
        patch = [{"op": "replace", "path": path, "value": fixed or str(operation.value)} for path in paths]
        gateway.update_stage(restApiId=api, stageName=stage_name, patchOperations=patch)
        # As JSON: the AWS CLI's shorthand syntax cannot hold the braces of a path such as ~1products~1{id}.
        shown = shlex.quote(json.dumps(patch))
        return cli("apigateway update-stage", rest_api_id=api, stage_name=stage_name) + f" --patch-operations {shown}"

    return change


def settings_path(key: str) -> str:
    """A key of a stage's method settings as a patch names it: `~1products~1{id}/GET`."""
    path, _, method = key.rpartition("/")
    plain = path.replace("~1", "/").strip("/")
    return f"{'*' if plain == '*' else '~1' + plain.replace('/', '~1')}/{method}"


def _stage(stack: Stack) -> str:
    stages = stack.names_of("AWS::ApiGateway::Stage")
    if len(stages) != 1:
        raise OperationFailed(f"The stack has {len(stages)} stages, not one.")
    return stages.pop()


def _api(stack: Stack) -> str:
    """The stack's one REST API; a stage's physical id does not tell whose it is."""
    apis = stack.names_of("AWS::ApiGateway::RestApi")
    if len(apis) != 1:
        raise OperationFailed(f"The stack has {len(apis)} REST APIs, not one.")
    return apis.pop()
