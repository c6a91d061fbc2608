"""Operations on SQS queues: purge, redrive, and one message put there by hand."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.operating import OperationFailed, Stack, cli

if TYPE_CHECKING:  # see `services.model`
    from catalogue.patterns.content.schemas.pattern import Operation

_REDRIVE_SECONDS = 20.0
_REDRIVE_MESSAGES = 500
_BATCH = 10


def redrive(stack: Stack, operation: Operation) -> str:
    """Move what is in the dead-letter queue now back, message by message: valid everywhere, and here at once.

    A message that returns to the dead-letter queue while this goes on stays there.
    """
    sqs = stack.client("sqs")
    source, target = stack.physical(operation.resource), stack.physical(operation.to)
    began, deadline = time.time() * 1000, time.monotonic() + _REDRIVE_SECONDS
    moved = 0
    while moved < _REDRIVE_MESSAGES and time.monotonic() < deadline:
        messages = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=_BATCH,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            break
        returned = [message for message in messages if int(message["Attributes"]["SentTimestamp"]) >= began]
        for message in messages:
            handle = message["ReceiptHandle"]
            if message in returned:
                sqs.change_message_visibility(QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=0)
                continue
            sqs.send_message(QueueUrl=target, **_copied(message))
            sqs.delete_message(QueueUrl=source, ReceiptHandle=handle)
        if returned:
            break
        moved += len(messages)
    return cli(
        "sqs start-message-move-task",
        source_arn=queue_arn(sqs, source),
        destination_arn=queue_arn(sqs, target),
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


def queue_arn(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def purge(stack: Stack, operation: Operation) -> str:
    url = stack.physical(operation.resource)
    stack.client("sqs").purge_queue(QueueUrl=url)
    return cli("sqs purge-queue", queue_url=url)


def send_message(stack: Stack, operation: Operation) -> str:
    """Put one message into the queue past the pattern's own intake: the way a poison message gets in."""
    url = stack.physical(operation.resource)
    if operation.value is None:
        raise OperationFailed("The demo names no message.")
    body = str(operation.value)
    fifo = {"message_group_id": "lever", "message_deduplication_id": str(uuid.uuid4())} if url.endswith(".fifo") else {}
    named = {"".join(part.capitalize() for part in name.split("_")): value for name, value in fifo.items()}
    stack.client("sqs").send_message(QueueUrl=url, MessageBody=body, **named)
    return cli("sqs send-message", queue_url=url, message_body=body, **fifo)
