"""What a demo can do to a function and to what feeds it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from catalogue.patterns.services.model import LeverOperation, Shell

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.base.shell import resource, word
from catalogue.patterns.services.registry import registry

FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
MAPPING = "AWS::Lambda::EventSourceMapping"
SHELL = Shell(
    arn='$(aws lambda get-function-configuration --function-name "$(resource {id})" \\\n'
    "  --query FunctionArn --output text)",
    look='aws logs filter-log-events --log-group-name "/aws/lambda/$(resource {id})" \\\n'
    "  --query 'events[].[message]' --output text",
    shows="its log so far.",
)
_DEFAULT_BATCH = 10
"""https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html"""
_SECONDS = "AWS applies the change within a few seconds."
_POLICY = "Wait about a minute: IAM needs some time until a change applies everywhere."
"""https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency"""
_UPDATED = "The last command waits until the event source is updated, up to a minute."


def _event_source(change: str, state: str) -> Callable[[Operation, Template], str]:
    def commands(operation: Operation, template: Template) -> str:
        option = change.format(value=operation.value)
        return (
            f"SOURCE={resource(operation)}\n"
            f'aws lambda update-event-source-mapping --uuid "$SOURCE" {option}\n'
            'until [ "$(aws lambda get-event-source-mapping --uuid "$SOURCE" --query State --output text)" '
            f"= {state} ]; do\n  sleep 2\ndone"
        )

    return commands


def _set_concurrency(operation: Operation, template: Template) -> str:
    return (
        f"aws lambda put-function-concurrency --function-name {resource(operation)} \\\n"
        f"  --reserved-concurrent-executions {operation.value}"
    )


def _clear_concurrency(operation: Operation, template: Template) -> str:
    return f"aws lambda delete-function-concurrency --function-name {resource(operation)}"


def _set_environment(operation: Operation, template: Template) -> str:
    """One variable changes and the others stay: the CLI can only replace all of them."""
    changed = json.dumps({operation.name: str(operation.value)}).replace("`", "\\`")
    query = shlex.quote(f"{{Variables: merge(Environment.Variables, `{changed}`)}}")
    return (
        f"FUNCTION={resource(operation)}\n"
        'VARIABLES=$(aws lambda get-function-configuration --function-name "$FUNCTION" \\\n'
        f"  --query {query} --output json)\n"
        'aws lambda update-function-configuration --function-name "$FUNCTION" --environment "$VARIABLES"\n'
        'aws lambda wait function-updated-v2 --function-name "$FUNCTION"'
    )


def _invoke(operation: Operation, template: Template) -> str:
    """Asynchronously, as services call it. From a file, since version 2 of the CLI takes a text for base64.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html (2026-12-01)
    """
    return (
        f"EVENT=$(mktemp)\nprintf '%s' {word(str(operation.value))} > \"$EVENT\"\n"
        f"aws lambda invoke --function-name {resource(operation)} --invocation-type Event \\\n"
        '  --payload "fileb://$EVENT" /dev/null\n'
        'rm "$EVENT"'
    )


def _role(operation: Operation) -> str:
    return (
        f"ROLE=$(aws lambda get-function-configuration --function-name {resource(operation)} \\\n"
        "  --query Role --output text)"
    )


def _policy_name(operation: Operation) -> str:
    return f"deny-{str(operation.name).replace(':', '-')}-{operation.to}"


def _revoke_permission(operation: Operation, template: Template) -> str:
    """An explicit Deny outweighs every Allow, so the template's own policies stay as they are.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
    """
    _, target = registry().by_type[template.resources[str(operation.to)].type]
    arn, resources = target.shell.arn.format(id=operation.to), ["$ARN", *(f"$ARN{end}" for end in target.inner)]
    statement = {"Effect": "Deny", "Action": operation.name, "Resource": resources}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]}).replace('"', '\\"')
    return (
        f"{_role(operation)}\nARN={arn}\n"
        f'aws iam put-role-policy --role-name "${{ROLE##*/}}" --policy-name {_policy_name(operation)} \\\n'
        f'  --policy-document "{document}"'
    )


def _restore_permission(operation: Operation, template: Template) -> str:
    return (
        f"{_role(operation)}\n"
        f'aws iam delete-role-policy --role-name "${{ROLE##*/}}" --policy-name {_policy_name(operation)}'
    )


OPERATIONS = {
    "disable-event-source": LeverOperation(
        (MAPPING,),
        "disables the event source mapping `resource`",
        _event_source("--no-enabled", "Disabled"),
        "The last command waits until the event source is disabled, up to a minute.",
        undone_by="enable-event-source",
    ),
    "enable-event-source": LeverOperation(
        (MAPPING,),
        "enables the event source mapping `resource`",
        _event_source("--enabled", "Enabled"),
        "The last command waits until the event source is enabled, up to a minute.",
        undone_by="disable-event-source",
    ),
    "set-maximum-concurrency": LeverOperation(
        (MAPPING,),
        "maximum concurrency of the event source mapping `resource` becomes `value`",
        _event_source("--scaling-config MaximumConcurrency={value}", "Enabled"),
        _UPDATED,
        needs=("value",),
        bounds=(2, 1000),  # https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
        original=lambda mapping, _: mapping.property("ScalingConfig", "MaximumConcurrency"),
    ),
    "set-batch-size": LeverOperation(
        (MAPPING,),
        "batch size of the event source mapping `resource` becomes `value`",
        _event_source("--batch-size {value}", "Enabled"),
        _UPDATED,
        needs=("value",),
        bounds=(1, 10_000),  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
        original=lambda mapping, _: mapping.property("BatchSize", default=_DEFAULT_BATCH),
    ),
    "set-concurrency": LeverOperation(
        FUNCTIONS,
        "reserved concurrency of the function `resource` becomes `value`",
        _set_concurrency,
        _SECONDS,
        needs=("value",),
        bounds=(0, 1000),  # https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
        original=lambda function, _: function.property("ReservedConcurrentExecutions"),
        without_original="clear-concurrency",
    ),
    "clear-concurrency": LeverOperation(
        FUNCTIONS, "the function `resource` has no reserved concurrency", _clear_concurrency, _SECONDS
    ),
    "set-environment": LeverOperation(
        FUNCTIONS,
        "the environment variable `name` of the function `resource` becomes `value`",
        _set_environment,
        "The last command waits until the function has its new environment, a few seconds.",
        needs=("name", "value"),
        text=True,
        original=lambda function, name: function.property("Environment", "Variables", str(name)),
    ),
    "invoke": LeverOperation(
        FUNCTIONS,
        "invokes the function `resource` asynchronously with `value` as its event",
        _invoke,
        "Lambda answers 202 at once and runs the function a moment later.",
        needs=("value",),
        once=True,
    ),
    "revoke-permission": LeverOperation(
        FUNCTIONS,
        "denies the function `resource` the IAM action `name` on the resource `to`",
        _revoke_permission,
        _POLICY,
        needs=("name", "to"),
        undone_by="restore-permission",
    ),
    "restore-permission": LeverOperation(
        FUNCTIONS, "takes that denial back", _restore_permission, _POLICY, needs=("name", "to")
    ),
}
