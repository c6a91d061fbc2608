"""What an operation works on, and how its AWS CLI command is written."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Resource, Target
    from catalogue.patterns.content.schemas.pattern import Operation


class OperationFailed(Exception):
    """The operation does not fit the stack; the message is fit for a visitor."""


@dataclass(frozen=True)
class Stack:
    """A lab's own stack: operations reach what `resources` names, and nothing else."""

    target: Target
    resources: Mapping[str, Resource]

    def client(self, service: str) -> Any:
        return self.target.client(service)

    def physical(self, logical: str | None) -> str:
        """The physical id of a resource. Raises OperationFailed if the stack has none of that name."""
        if logical is None or logical not in self.resources:
            raise OperationFailed(f"The stack has no resource {logical}.")
        return self.resources[logical].id

    def names_of(self, type: str) -> set[str]:
        """Physical ids of all resources of a type."""
        return {resource.id for resource in self.resources.values() if resource.type == type}


def cli(command: str, **options: Any) -> str:
    """`aws sqs purge-queue --queue-url …`, quoted for a POSIX shell.

    Mappings and lists become JSON, which the AWS CLI takes for every structured option; True and False become the
    switch and its `--no-` form. https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters.html
    """
    return " ".join(["aws", command, *(_option(name, value) for name, value in options.items())])


def _option(name: str, value: Any) -> str:
    flag = name.replace("_", "-")
    if isinstance(value, bool):
        return f"--{flag}" if value else f"--no-{flag}"
    text = json.dumps(value, separators=(",", ":")) if isinstance(value, (dict, list)) else str(value)
    return f"--{flag} {shlex.quote(text)}"


def number(operation: Operation) -> int:
    """The operation's value as a whole number. Raises OperationFailed."""
    if not isinstance(operation.value, int):
        raise OperationFailed(f"{operation.action} needs a whole number, not {operation.value!r}.")
    return operation.value
