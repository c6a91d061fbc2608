"""What an operation works on, and how its AWS CLI command is written."""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.labs.targets import Resource, Target
from catalogue.patterns.schema import Operation


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


_QUEUE_ADDRESS = re.compile(r"https?://(?!sqs[.-])[^/\s\"'<>]+/(?=\d{12}/)")


def as_on_aws(command: str, region: str) -> str:
    """The command with every queue's address as it is on AWS: the embedded AWS has a door that no visitor can reach.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    return _QUEUE_ADDRESS.sub(f"https://sqs.{region}.amazonaws.com/", command)


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
