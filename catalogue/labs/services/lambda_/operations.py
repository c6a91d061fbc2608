"""Operations on Lambda functions and their event sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from catalogue.labs.services.operating import OperationFailed, Stack, cli, number

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation


def set_event_source(enabled: bool) -> Callable[[Stack, Operation], str]:
    def change(stack: Stack, operation: Operation) -> str:
        uuid = stack.physical(operation.resource)
        stack.client("lambda").update_event_source_mapping(UUID=uuid, Enabled=enabled)
        return cli("lambda update-event-source-mapping", uuid=uuid, enabled=enabled)

    return change


def set_concurrency(stack: Stack, operation: Operation) -> str:
    function, value = stack.physical(operation.resource), number(operation)
    stack.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=value)
    return cli("lambda put-function-concurrency", function_name=function, reserved_concurrent_executions=value)


def clear_concurrency(stack: Stack, operation: Operation) -> str:
    function = stack.physical(operation.resource)
    stack.client("lambda").delete_function_concurrency(FunctionName=function)
    return cli("lambda delete-function-concurrency", function_name=function)


def set_maximum_concurrency(stack: Stack, operation: Operation) -> str:
    uuid, value = stack.physical(operation.resource), number(operation)
    stack.client("lambda").update_event_source_mapping(UUID=uuid, ScalingConfig={"MaximumConcurrency": value})
    return cli("lambda update-event-source-mapping", uuid=uuid, scaling_config=f"MaximumConcurrency={value}")


def set_batch_size(stack: Stack, operation: Operation) -> str:
    uuid, value = stack.physical(operation.resource), number(operation)
    stack.client("lambda").update_event_source_mapping(UUID=uuid, BatchSize=value)
    return cli("lambda update-event-source-mapping", uuid=uuid, batch_size=value)


def set_environment(stack: Stack, operation: Operation) -> str:
    """Change one variable and keep the others; the new environment applies once the function is updated."""
    if operation.name is None or operation.value is None:
        raise OperationFailed("The demo names no variable or no value.")
    functions = stack.client("lambda")
    function = stack.physical(operation.resource)
    current = functions.get_function_configuration(FunctionName=function).get("Environment", {}).get("Variables", {})
    variables = {**current, operation.name: str(operation.value)}
    functions.update_function_configuration(FunctionName=function, Environment={"Variables": variables})
    functions.get_waiter("function_updated_v2").wait(
        FunctionName=function, WaiterConfig={"Delay": 0.2, "MaxAttempts": 100}
    )
    # As JSON, since the CLI's shorthand cannot hold a value with a comma.
    return cli("lambda update-function-configuration", function_name=function, environment={"Variables": variables})


def invoke(stack: Stack, operation: Operation) -> str:
    """Hand the function an event past whatever usually sends one: a duplicate, or one that is late."""
    function = stack.physical(operation.resource)
    if operation.value is None:
        raise OperationFailed("The demo names no event.")
    event = str(operation.value)
    stack.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=event.encode())
    command = cli("lambda invoke", function_name=function, invocation_type="Event", payload=event)
    return f"# Version 2 of the AWS CLI needs --cli-binary-format raw-in-base64-out too.\n{command} /dev/null"
