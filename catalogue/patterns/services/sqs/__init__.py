"""Amazon SQS."""

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import is_true
from catalogue.patterns.cloudformation.stack.iam import admits, resource_statements
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.services.model import (
    Finding,
    Level,
    Measure,
    NotProven,
    Relation,
    ResourceType,
    Service,
    Standing,
    Uses,
    named_by,
)
from catalogue.patterns.services.sqs.operations import OPERATIONS, QUEUE, SHELL

POLLERS = 5
"""Batches that Lambda reads at a time: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
LONGEST_POLL_SECONDS = 20
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""


def dead_letters(view: View) -> Iterator[Finding]:
    """A queue hands what was received too often to the queue that its redrive policy names."""
    for queue in view.stack.of_type(QUEUE):
        target = view.stack.find(dead_letter_arn(queue.property("RedrivePolicy")), QUEUE)
        if target and _takes(view, target, queue.id):
            yield Relation("redrive", queue.id, target, queue.id)
        elif target:
            yield NotProven("redrive", queue.id, target, queue.id, "its RedriveAllowPolicy does not admit the queue")


def _takes(view: View, target: str, source: str) -> bool:
    """Whether a dead-letter queue's own policy lets it take what the queue `source` gives up."""
    allowed = view.stack.resources[target].property("RedriveAllowPolicy", default={})
    permission = allowed.get("redrivePermission", "allowAll") if isinstance(allowed, dict) else "allowAll"
    if permission == "byQueue":
        return view.stack.arn(source) in allowed.get("sourceQueueArns", [])
    return bool(permission != "denyAll")


def dead_letter_arn(policy: Any) -> Any:
    """The queue that a redrive policy names; the policy is a mapping, or a text with JSON."""
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return None
    return policy.get("deadLetterTargetArn") if isinstance(policy, dict) else None


def _admits(view: View, id: str, sender: str, source: str) -> bool:
    policies = resource_statements(view.stack, id, "AWS::SQS::QueuePolicy", "Queues")
    arn = view.stack.arn(id)
    ours = [one for one in policies if any(one.reaches(arn, arn) for _ in one.resources)]
    return admits(ours, sender, "sqs:sendmessage", source)


POLLING = (
    f"Lambda's pollers cost money even when a queue is empty: {POLLERS} at a time, each polling again after "
    f"{LONGEST_POLL_SECONDS} s. AWS does not guarantee this number. It gives the maximum cost of an idle month."
)
IDLE = "Polling of an empty queue by an event source, at most"


def _by_path(method: str, host: str, segments: list[str]) -> tuple[str, Mapping[str, Any]]:
    """`/123456789012/Queue`; or `/`, and the request says more."""
    return "SendMessage", {"QueueName": segments[1]} if len(segments) > 1 else {}


def request_key(queue: Resource | None) -> str:
    """The price key of requests to this queue."""
    return "sqs.fifo-requests" if queue and is_true(queue.property("FifoQueue")) else "sqs.standard-requests"


def polled(template: Template, queue: Resource, source: str) -> Iterator[Standing]:
    """Requests of an event source that always finds the queue empty."""
    what = f"{source} polling {queue.id}: the maximum, if it is always empty"
    polls = Decimal(POLLERS * 3600 // LONGEST_POLL_SECONDS)
    yield Standing(request_key(queue), queue.id, what, polls, assumed=True, line=IDLE, note=POLLING)


SERVICE = Service(
    key="sqs",
    name="Amazon SQS",
    actions="sqs",
    types=(
        ResourceType(
            QUEUE,
            Naming(
                "QueueName",
                "arn:aws:sqs:{region}:{account}:{name}",
                ref="https://sqs.{region}.amazonaws.com/{account}/{name}",
                addresses=(
                    "https://sqs.{region}.amazonaws.com/{account}/{name}",
                    "https://queue.amazonaws.com/{account}/{name}",
                ),
                attributes={
                    "QueueName": "{name}",
                    "QueueUrl": "https://sqs.{region}.amazonaws.com/{account}/{name}",
                },
            ),
            role="queue",
            noun="a queue",
            secured=True,
            pictured=True,
            works=False,
            shell=SHELL,
        ),
    ),
    parts=("AWS::SQS::QueuePolicy", "AWS::SQS::QueueInlinePolicy"),
    uses=Uses(writes=("SendMessage", "SendMessageBatch", "StartMessageMoveTask"), polls=("ReceiveMessage",)),
    calls=named_by("QueueUrl", "QueueName"),
    by_path=_by_path,
    action_of={"sendmessagebatch": ("SendMessage",)},
    admits=_admits,
    measures={
        "messages": Measure(
            (QUEUE,),
            "messages of a queue, waiting and in flight",
            "message",
            "in",
            "{resource} holds {bound} (waiting or in flight)",
            "message",
        ),
        "visible": Measure(
            (QUEUE,),
            "messages of a queue that wait",
            "message",
            "waiting in",
            "{resource} holds {bound}",
            "waiting message",
        ),
    },
    levels={
        "visible": Level((QUEUE,), "message", waits=True),
        "in_flight": Level((QUEUE,), "message", reported=False),
    },
    operations=OPERATIONS,
    price_of=lambda _, queue: request_key(queue),
    unit="chunks of 64 KB",
    polled_with=("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
    polled=polled,
    managed={
        "AmazonSQSFullAccess": ("sqs:*",),
        "AWSLambdaSQSQueueExecutionRole": ("sqs:receivemessage", "sqs:deletemessage", "sqs:getqueueattributes"),
    },
    finders=(dead_letters,),
)
