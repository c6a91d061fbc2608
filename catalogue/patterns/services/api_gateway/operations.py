"""What a demo can do to a REST API's stage and request validator."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from catalogue.patterns.services.model import LeverOperation

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Resource, Template
    from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.base.shell import resource
from catalogue.patterns.services.api_gateway.rest import API, STAGE, VALIDATOR

_DEPLOYED = "Wait about 10 seconds until the stage serves the change."
_WHO_MAY_INVALIDATE = "requireAuthorizationForCacheControl"
_SECONDS = "AWS applies the change within a few seconds."


def _api(template: Template) -> str:
    """The stack's one REST API."""
    return f'"$(resource {next(template.of_type(API)).id})"'


def _stage(template: Template) -> str:
    return f'"$(resource {next(template.of_type(STAGE)).id})"'


def _flush(command: str) -> Callable[[Operation, Template], str]:
    def commands(operation: Operation, template: Template) -> str:
        return f"aws apigateway {command} --rest-api-id {_api(template)} --stage-name {resource(operation)}"

    return commands


def _cached_methods(setting: str, value: str = "") -> Callable[[Operation, Template], str]:
    """Change a setting of each cached method, to the operation's own value if none is given.

    Paths of the patch: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
    """

    def commands(operation: Operation, template: Template) -> str:
        settings = template.as_deployed.resources[operation.resource].property("MethodSettings", default=())
        # A template writes a path as `/~1products~1{id}` or `/products/{id}`; a patch has it without the first slash.
        paths = [
            f"/{_method_path(str(one['ResourcePath']))}/{one['HttpMethod']}/caching/{setting}"
            for one in settings
            if one.get("CachingEnabled")
        ]
        text = value or str(operation.value)
        patch = json.dumps([{"op": "replace", "path": path, "value": text} for path in paths])
        return (
            f"aws apigateway update-stage --rest-api-id {_api(template)} --stage-name {resource(operation)} \\\n"
            f"  --patch-operations {shlex.quote(patch)}"
        )

    return commands


def _method_path(path: str) -> str:
    plain = path.replace("~1", "/").strip("/")
    return plain if plain == "*" else "~1" + plain.replace("/", "~1")


def _time_to_live(stage: Resource, _: str | None) -> object:
    """Of the first cached method; 300 s where it has none of its own.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-apigateway-stage-methodsetting.html
    """
    settings = stage.property("MethodSettings", default=())
    return next((one.get("CacheTtlInSeconds", 300) for one in settings if one.get("CachingEnabled")), None)


def _body_validation(enabled: str) -> Callable[[Operation, Template], str]:
    """A stage serves a snapshot, so that a change of its API needs a deployment."""

    def commands(operation: Operation, template: Template) -> str:
        return (
            f"API={_api(template)}\n"
            'VALIDATOR=$(aws apigateway get-request-validators --rest-api-id "$API" \\\n'
            "  --query 'items[0].id' --output text)\n"
            'aws apigateway update-request-validator --rest-api-id "$API" --request-validator-id "$VALIDATOR" \\\n'
            f"  --patch-operations op=replace,path=/validateRequestBody,value={enabled}\n"
            f'aws apigateway create-deployment --rest-api-id "$API" --stage-name {_stage(template)}'
        )

    return commands


OPERATIONS = {
    "open-cache-invalidation": LeverOperation(
        (STAGE,),
        "lets anyone invalidate the cache of the stage `resource`",
        _cached_methods(_WHO_MAY_INVALIDATE, "false"),
        _DEPLOYED,
        undone_by="close-cache-invalidation",
    ),
    "close-cache-invalidation": LeverOperation(
        (STAGE,),
        "lets only those invalidate it who have the permission, as is the default",
        _cached_methods(_WHO_MAY_INVALIDATE, "true"),
        _DEPLOYED,
    ),
    "set-cache-ttl": LeverOperation(
        (STAGE,),
        "the cached methods of the stage `resource` keep an answer for `value` seconds",
        _cached_methods("ttlInSeconds"),
        _DEPLOYED,
        needs=("value",),
        bounds=(0, 3600),  # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
        original=_time_to_live,
    ),
    "flush-cache": LeverOperation(
        (STAGE,), "empties the cache of the stage `resource`", _flush("flush-stage-cache"), _SECONDS, once=True
    ),
    "flush-authorizers-cache": LeverOperation(
        (STAGE,),
        "forgets every decision that an authorizer of the stage `resource` has made",
        _flush("flush-stage-authorizers-cache"),
        _SECONDS,
        once=True,
    ),
    "disable-body-validation": LeverOperation(
        (VALIDATOR,),
        "the request validator `resource` validates no bodies; it still validates parameters",
        _body_validation("false"),
        _DEPLOYED,
        undone_by="enable-body-validation",
    ),
    "enable-body-validation": LeverOperation(
        (VALIDATOR,), "the request validator `resource` validates bodies", _body_validation("true"), _DEPLOYED
    ),
}
