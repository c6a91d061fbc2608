"""The AWS operations that a demo's steps and levers may do to their own stack, each with its AWS CLI command.

What is possible is listed in `catalogue.patterns.schema.Operation`; what a lab allows stands in its pattern's
demo.yaml, and nothing a visitor sends can name another operation or another resource. Every operation ends: it
works on a bounded number of things, and its calls have the clients' time limits.
"""

import time
import uuid
from collections.abc import Callable, Mapping

from catalogue.labs.expectations import fill
from catalogue.labs.operations import functions, gateway, permissions, queues, tables
from catalogue.labs.operations.stack import OperationFailed, Stack, as_on_aws
from catalogue.patterns.schema import Operation

__all__ = ["OperationFailed", "Stack", "perform"]


def perform(stack: Stack, operation: Operation) -> str:
    """Do it and return the AWS CLI command that does the same on AWS.

    Raises OperationFailed, ClientError, BotoCoreError.
    A value may hold `{{uuid}}` and `{{now}}`, and no other name: an operation knows nothing of a visitor's.
    """
    known = {"uuid": str(uuid.uuid4()), "now": int(time.time())}
    exact = operation.model_copy(update={"value": fill(operation.value, known)})
    return as_on_aws(_ACTIONS[operation.action](stack, exact), stack.target.region)


_ACTIONS: Mapping[str, Callable[[Stack, Operation], str]] = {
    "redrive": queues.redrive,
    "purge": queues.purge,
    "send-message": queues.send_message,
    "disable-event-source": functions.set_event_source(False),
    "enable-event-source": functions.set_event_source(True),
    "set-concurrency": functions.set_concurrency,
    "clear-concurrency": functions.clear_concurrency,
    "set-maximum-concurrency": functions.set_maximum_concurrency,
    "set-batch-size": functions.set_batch_size,
    "set-environment": functions.set_environment,
    "open-cache-invalidation": gateway.set_cache_invalidation(True),
    "close-cache-invalidation": gateway.set_cache_invalidation(False),
    "flush-cache": gateway.flush_cache,
    "disable-body-validation": gateway.set_body_validation(False),
    "enable-body-validation": gateway.set_body_validation(True),
    "flush-authorizers-cache": gateway.flush_authorizers_cache,
    "revoke-permission": permissions.revoke_permission,
    "restore-permission": permissions.restore_permission,
    "expire-items": tables.expire_items,
}
