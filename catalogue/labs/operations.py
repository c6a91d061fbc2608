"""The AWS operations that a demo's steps may do to their own stack, each with the CLI command that does the same.

What is possible is listed in `catalogue.patterns.schema.Operation`; what a lab allows stands in its pattern's
demo.yaml, and nothing a visitor sends can name another operation or another resource.
"""

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.labs.targets import Resource, Target
from catalogue.patterns.schema import Operation

_REDRIVE_SECONDS = 20.0
_BATCH = 10


class OperationFailed(Exception):
    """The operation does not fit the stack; the message is fit for a visitor."""


@dataclass(frozen=True)
class Stack:
    target: Target
    resources: Mapping[str, Resource]

    def client(self, service: str) -> Any:
        return self.target.client(service)

    def physical(self, logical: str | None) -> str:
        if logical is None or logical not in self.resources:
            raise OperationFailed(f"The stack has no resource {logical}.")
        return self.resources[logical].id


def perform(stack: Stack, operation: Operation) -> str:
    """Do it and return the equivalent AWS CLI command. Raises OperationFailed, ClientError, BotoCoreError."""
    return _ACTIONS[operation.action](stack, operation)


def _redrive(stack: Stack, operation: Operation) -> str:
    """Move what is in the dead-letter queue back, message by message: valid everywhere, and here at once."""
    sqs = stack.client("sqs")
    source, target = stack.physical(operation.resource), stack.physical(operation.to)
    deadline = time.monotonic() + _REDRIVE_SECONDS
    while time.monotonic() < deadline:
        messages = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=_BATCH,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            break
        for message in messages:
            sqs.send_message(QueueUrl=target, **_copied(message))
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
    return _cli(
        "sqs start-message-move-task",
        source_arn=_queue_arn(sqs, source),
        destination_arn=_queue_arn(sqs, target),
    )


def _copied(message: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that send a received message once more, its trace header and FIFO ids included."""
    copied: dict[str, Any] = {"MessageBody": message["Body"]}
    if attributes := message.get("MessageAttributes"):
        copied["MessageAttributes"] = attributes
    system = message.get("Attributes", {})
    if trace := system.get("AWSTraceHeader"):
        copied["MessageSystemAttributes"] = {"AWSTraceHeader": {"DataType": "String", "StringValue": trace}}
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if name in system:
            copied[name] = system[name]
    return copied


def _queue_arn(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def _purge(stack: Stack, operation: Operation) -> str:
    url = stack.physical(operation.resource)
    stack.client("sqs").purge_queue(QueueUrl=url)
    return _cli("sqs purge-queue", queue_url=url)


def _set_event_source(enabled: bool) -> Callable[[Stack, Operation], str]:
    def change(stack: Stack, operation: Operation) -> str:
        uuid = stack.physical(operation.resource)
        stack.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=enabled)
        return _cli("lambda update-event-source-mapping", uuid=uuid) + (" --enabled" if enabled else " --no-enabled")

    return change


def _set_concurrency(stack: Stack, operation: Operation) -> str:
    function, value = stack.physical(operation.resource), _number(operation)
    stack.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=value)
    return _cli("lambda put-function-concurrency", function_name=function, reserved_concurrent_executions=value)


def _clear_concurrency(stack: Stack, operation: Operation) -> str:
    function = stack.physical(operation.resource)
    stack.client("lambda").delete_function_concurrency(FunctionName=function)
    return _cli("lambda delete-function-concurrency", function_name=function)


def _set_maximum_concurrency(stack: Stack, operation: Operation) -> str:
    uuid, value = stack.physical(operation.resource), _number(operation)
    stack.client("lambda").update_event_source_mapping(UUID=uuid, ScalingConfig={"MaximumConcurrency": value})
    return _cli("lambda update-event-source-mapping", uuid=uuid, scaling_config=f"MaximumConcurrency={value}")


def _set_batch_size(stack: Stack, operation: Operation) -> str:
    uuid, value = stack.physical(operation.resource), _number(operation)
    stack.client("lambda").update_event_source_mapping(UUID=uuid, BatchSize=value)
    return _cli("lambda update-event-source-mapping", uuid=uuid, batch_size=value)


def _set_environment(stack: Stack, operation: Operation) -> str:
    """Change one variable and keep the others; the new environment applies once the function is updated."""
    if operation.name is None or operation.value is None:
        raise OperationFailed("The demo names no variable or no value.")
    functions = stack.client("lambda")
    function = stack.physical(operation.resource)
    current = functions.get_function_configuration(FunctionName=function).get("Environment", {}).get("Variables", {})
    variables = {**current, operation.name: str(operation.value)}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(
        FunctionName=function, WaiterConfig={"Delay": 0.2, "MaxAttempts": 150}
    )
    shown = "Variables={" + ",".join(f"{name}={value}" for name, value in variables.items()) + "}"
    return _cli("lambda update-function-configuration", function_name=function, environment=shown)


def _set_cache_invalidation(for_anyone: bool) -> Callable[[Stack, Operation], str]:
    """Change it for each cached method of the stage: CloudFormation has no property for it.

    Paths of the patch: https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
    """

    def change(stack: Stack, operation: Operation) -> str:
        gateway = stack.client("apigateway")
        stage_name = stack.physical(operation.resource)
        api = next(r.id for r in stack.resources.values() if r.type == "AWS::ApiGateway::RestApi")
        settings = gateway.get_stage(restApiId=api, stageName=stage_name).get("methodSettings", {})
        paths = [
            f"/{_settings_path(key)}/caching/requireAuthorizationForCacheControl"
            for key, entry in settings.items()
            if entry.get("cachingEnabled")
        ]
        value = "false" if for_anyone else "true"
        patch = [{"op": "replace", "path": path, "value": value} for path in paths]
        gateway.update_stage(restApiId=api, stageName=stage_name, patchOperations=patch)
        shown = " ".join(shlex.quote(f"op=replace,path={path},value={value}") for path in paths)
        return _cli("apigateway update-stage", rest_api_id=api, stage_name=stage_name) + (
            f" --patch-operations {shown}"
        )

    return change


def _settings_path(key: str) -> str:
    """A key of a stage's method settings as a patch names it: `~1products~1{id}/GET`."""
    path, _, method = key.rpartition("/")
    plain = path.replace("~1", "/").strip("/")
    return f"{'*' if plain == '*' else '~1' + plain.replace('/', '~1')}/{method}"


def _number(operation: Operation) -> int:
    if not isinstance(operation.value, int):
        raise OperationFailed(f"{operation.action} needs a whole number, not {operation.value!r}.")
    return operation.value


def _cli(command: str, **options: str | int) -> str:
    parts = [f"--{name.replace('_', '-')} {shlex.quote(str(value))}" for name, value in options.items()]
    return " ".join(["aws", command, *parts])


_ACTIONS: dict[str, Callable[[Stack, Operation], str]] = {
    "redrive": _redrive,
    "purge": _purge,
    "disable-event-source": _set_event_source(False),
    "enable-event-source": _set_event_source(True),
    "set-concurrency": _set_concurrency,
    "clear-concurrency": _clear_concurrency,
    "set-maximum-concurrency": _set_maximum_concurrency,
    "set-batch-size": _set_batch_size,
    "set-environment": _set_environment,
    "open-cache-invalidation": _set_cache_invalidation(True),
    "close-cache-invalidation": _set_cache_invalidation(False),
}
