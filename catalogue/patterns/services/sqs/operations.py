"""What a demo can do to a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.base.shell import resource, word
from catalogue.patterns.services.model import LeverOperation, Shell

QUEUE = "AWS::SQS::Queue"
_SIZES = "ApproximateNumberOfMessages ApproximateNumberOfMessagesNotVisible"
SHELL = Shell(
    arn='$(aws sqs get-queue-attributes --queue-url "$(resource {id})" --attribute-names QueueArn \\\n'
    "  --query Attributes.QueueArn --output text)",
    look='aws sqs get-queue-attributes --queue-url "$(resource {id})" \\\n'
    f"  --attribute-names {_SIZES} \\\n"
    f"  --query 'Attributes.[{_SIZES.replace(' ', ', ')}]' --output text",
    shows="messages waiting, and messages in flight. Both are approximate for up to a minute.",
)


def _redrive(operation: Operation, template: Template) -> str:
    return "\n".join(
        [
            f"SOURCE={_arn(operation.resource)}",
            f"TARGET={_arn(str(operation.to))}",
            'aws sqs start-message-move-task --source-arn "$SOURCE" --destination-arn "$TARGET"',
            "aws sqs list-message-move-tasks --source-arn \"$SOURCE\" --query 'Results[0].Status' --output text",
        ]
    )


def _arn(id: str) -> str:
    return SHELL.arn.format(id=id)


def _purge(operation: Operation, template: Template) -> str:
    return f"aws sqs purge-queue --queue-url {resource(operation)}"


def _send_message(operation: Operation, template: Template) -> str:
    return f"aws sqs send-message --queue-url {resource(operation)} \\\n  --message-body {word(str(operation.value))}"


OPERATIONS = {
    "redrive": LeverOperation(
        (QUEUE,),
        "receives, sends and deletes: from the dead-letter queue `resource` to the queue `to`",
        _redrive,
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
        "The messages move in the background. Wait until the last command reports `COMPLETED`.",
        needs=("to",),
        to=(QUEUE,),
        once=True,
    ),
    "purge": LeverOperation(
        (QUEUE,),
        "empties the queue `resource`",
        _purge,
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
        "Wait 60 seconds. Until then messages that were sent earlier may still be received.",
        once=True,
    ),
    "send-message": LeverOperation(
        (QUEUE,),
        "sends one message to the queue `resource`, with `value` as its body",
        _send_message,
        "The message is in the queue when the command returns.",
        needs=("value",),
        once=True,
    ),
}
