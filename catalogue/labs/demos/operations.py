"""The AWS operations that a demo's steps and levers may do to their own stack, each with its AWS CLI command.

What is possible is listed in `catalogue.patterns.content.schemas.pattern.Operation`. What a lab allows is in its
pattern's demo.yaml, and nothing a visitor sends can name another operation or another resource. Every operation
ends: it works on a bounded number of things, and its calls have the clients' time limits.
"""

import time
import uuid

from catalogue.labs.demos.expectations import fill
from catalogue.labs.services.operating import OperationFailed, Stack
from catalogue.labs.services.registry import lab_services
from catalogue.patterns.content.schemas.pattern import Operation

__all__ = ["OperationFailed", "Stack", "perform"]


def perform(stack: Stack, operation: Operation) -> str:
    """Do it and return the AWS CLI command that does the same on AWS.

    Raises OperationFailed, ClientError, BotoCoreError.
    A value may hold `{{uuid}}` and `{{now}}`, and no other name: an operation knows nothing of a visitor's.
    """
    known = {"uuid": str(uuid.uuid4()), "now": int(time.time())}
    exact = operation.model_copy(update={"value": fill(operation.value, known)})
    command = lab_services().operations[operation.action](stack, exact)
    for service in lab_services().services:
        if service.as_on_aws is not None:
            command = service.as_on_aws(command, stack.target.region)
    return command
