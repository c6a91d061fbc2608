"""SQS queues in labs: their depth, purge, redrive and one message sent by hand, and the counting of requests."""

import re
from collections.abc import Mapping

from catalogue.labs.services.model import ClientOf, LabService, Leftover, Metric
from catalogue.labs.services.sqs import contents, counting, operations

QUEUE = "AWS::SQS::Queue"


def depth(client: ClientOf, url: str) -> Mapping[str, int]:
    """Messages that wait, and messages that a consumer holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return {"visible": int(attributes.get(names[0], 0)), "in_flight": int(attributes.get(names[1], 0))}


def arns(client: ClientOf, url: str) -> list[str]:
    return [operations.queue_arn(client("sqs"), url)]


_QUEUE_ADDRESS = re.compile(r"https?://(?!sqs[.-])[^/\s\"'<>]+/(?=\d{12}/)")


def as_on_aws(command: str, region: str) -> str:
    """The command with every queue's address as it is on AWS: no visitor can reach the embedded AWS.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-message-identifiers.html
    """
    return _QUEUE_ADDRESS.sub(f"https://sqs.{region}.amazonaws.com/", command)


def delete(client: ClientOf, arn: str) -> None:
    sqs, account, name = client("sqs"), arn.split(":")[4], arn.rpartition(":")[2]
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])


SERVICE = LabService(
    key="sqs",
    clients=("sqs",),
    gauges={QUEUE: depth},
    contents={QUEUE: contents.read},
    peek=contents.peek,
    levels=("visible", "in_flight"),
    moving=("visible", "in_flight"),
    held=("in_flight",),
    measures={"messages": ("visible", "in_flight"), "visible": ("visible",)},
    operations={"redrive": operations.redrive, "purge": operations.purge, "send-message": operations.send_message},
    arns={QUEUE: arns},
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
    permissions={
        f"sqs:{single}Batch": f"sqs:{single}" for single in ("SendMessage", "DeleteMessage", "ChangeMessageVisibility")
    },
    as_on_aws=as_on_aws,
    counted=(QUEUE,),
    uses=frozenset(
        {
            *("SendMessage", "SendMessageBatch", "ReceiveMessage", "ReceiveMessage (empty)"),
            *("DeleteMessage", "DeleteMessageBatch", "ChangeMessageVisibility", "GetQueueAttributes", "PurgeQueue"),
        }
    ),
    count=counting.count,
    seen_otherwise=True,
    metrics={
        # Messages, not requests: a batch of ten counts as ten, so the bill is an upper bound.
        # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
        QUEUE: (
            Metric("AWS/SQS", "NumberOfMessagesSent", "QueueName", "SendMessage"),
            Metric("AWS/SQS", "NumberOfMessagesReceived", "QueueName", "ReceiveMessage"),
            Metric("AWS/SQS", "NumberOfEmptyReceives", "QueueName", "ReceiveMessage (empty)"),
            Metric("AWS/SQS", "NumberOfMessagesDeleted", "QueueName", "DeleteMessage"),
        ),
    },
    on_aws=(QUEUE, "AWS::SQS::QueuePolicy"),
    leftovers=(Leftover(re.compile(r"arn:[^:]+:sqs:[^:]+:\d{12}:[^:]+"), delete),),
)
