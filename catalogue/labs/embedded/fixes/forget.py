"""Forgets what belongs to a deleted stack; the emulator keeps it for as long as it runs.

AWS lists a deleted stack for 90 days. A lab's stack is asked for by its name, which a deleted one no longer answers to:
https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html
"""

from collections.abc import Callable, Iterable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter


def names_in(stack: dict[str, Any]) -> set[str]:
    """The physical names of a stack's resources, as other parts of the emulator know them."""
    found: set[str] = set()
    for resource in (stack.get("_resources") or {}).values():
        physical = str(resource.get("PhysicalResourceId") or "")
        found |= {physical, physical.rsplit("/", 1)[-1], physical.rsplit(":", 1)[-1]}
    return found - {""}


def without(store: Any, belongs: Callable[[Any, Any], bool]) -> None:
    """Remove entries from a dictionary of the emulator's, by key and value."""
    for key in [key for key, value in list(store.items()) if belongs(key, value)]:
        store.pop(key, None)


def install(counter: Counter) -> None:
    """Patch the imported emulator."""
    from ministack.services import cloudformation, cloudwatch, dynamodb, sts
    from ministack.services.cloudformation import handlers, stacks

    delete: Callable[..., Any] = stacks._delete_stack_async

    async def delete_and_forget(stack_name: str, stack_id: str, *args: Any, **kwargs: Any) -> None:
        stack = cloudformation._stacks.get(stack_name) or {}
        names = names_in(stack)
        await delete(stack_name, stack_id, *args, **kwargs)
        if stack.get("StackStatus") != "DELETE_COMPLETE":
            return
        if (cloudformation._stacks.get(stack_name) or {}).get("StackId") == stack_id:
            cloudformation._stacks.pop(stack_name, None)
        cloudformation._stack_events.pop(stack_id, None)
        forget_names(names)

    def forget_names(names: Iterable[str]) -> None:
        gone = set(names)
        without(cloudwatch._metrics, lambda key, _: not gone.isdisjoint(dimension_values(key)))
        without(dynamodb._tags, lambda key, _: str(key).rsplit("/", 1)[-1] in gone)
        without(sts._sessions, lambda _, session: str(session.get("Arn", "")).rsplit("/", 1)[-1] in gone)
        counter.forget(gone)

    stacks._delete_stack_async = handlers._delete_stack_async = delete_and_forget


def dimension_values(key: tuple[str, str, str]) -> list[str]:
    """Of a metric's key: namespace, name and `Name=value|Name=value`."""
    return [dimension.partition("=")[2] for dimension in key[2].split("|")]
