"""SNS topics in labs: the counting of publications and deliveries."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from catalogue.labs.embedded.counting.counter import Counter, chunks
from catalogue.labs.embedded.counting.usage_caller import by_a_handler
from catalogue.labs.services.contents import Contents, Entry, bounded, in_json
from catalogue.labs.services.model import LabService, Leftover, Metric, last_part

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Target

TOPIC = "AWS::SNS::Topic"


def subscriptions(target: Target, arn: str) -> Contents:
    """Who gets a copy of each message, and with which filter."""
    client = target.client("sns")
    entries = []
    for one in client.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]:
        attributes = client.get_subscription_attributes(SubscriptionArn=one["SubscriptionArn"])["Attributes"]
        shown = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy")
        settings = {name: attributes[name] for name in shown if attributes.get(name)}
        entries.append(Entry(last_part(one["Endpoint"]), in_json(settings) if settings else "", (one["Protocol"],)))
    return bounded("Subscriptions", entries)


def count(counter: Counter) -> None:
    """Publishing by handlers, and each delivery that a topic makes."""
    from ministack.services import sns, sqs

    publish: Callable[..., Any] = sns._publish
    publish_batch: Callable[..., Any] = sns._publish_batch
    to_queue: Callable[..., None] = sns._deliver_to_sqs
    to_function: Callable[..., None] = sns._deliver_to_lambda

    def publish_counting(params: Any) -> Any:
        response = publish(params)
        topic = sns._p(params, "TopicArn") or sns._p(params, "TargetArn")
        if by_a_handler.get() and response[0] == 200 and topic:
            size = sns._message_payload_size(sns._p(params, "Message"), sns._parse_message_attributes(params))
            counter.add("sns", topic, "Publish", chunks(size))
        return response

    def publish_batch_counting(params: Any) -> Any:
        response = publish_batch(params)
        if by_a_handler.get() and response[0] == 200:
            size = sum(len(str(entry).encode()) for entry in sns._parse_batch_entries(params))
            counter.add("sns", sns._p(params, "TopicArn"), "PublishBatch", chunks(size))
        return response

    def to_queue_counting(endpoint: str, *args: Any, topic_arn: str = "", **kwargs: Any) -> None:
        to_queue(endpoint, *args, topic_arn=topic_arn, **kwargs)
        owner = topic_arn.split(":")[4] if topic_arn.count(":") >= 5 else ""
        if sqs._queue_by_arn(endpoint) and sqs.queue_policy_allows(endpoint, "sns.amazonaws.com", topic_arn, owner):
            counter.add("sns", topic_arn, "DeliverToSQS")

    def to_function_counting(endpoint: str, envelope: str, topic_arn: str, *args: Any) -> None:
        counter.add("sns", topic_arn, "DeliverToLambda")
        to_function(endpoint, envelope, topic_arn, *args)

    sns._publish = publish_counting
    sns._publish_batch = publish_batch_counting
    sns._deliver_to_sqs = to_queue_counting
    sns._deliver_to_lambda = to_function_counting


SERVICE = LabService(
    key="sns",
    contents={TOPIC: subscriptions},
    arns={TOPIC: lambda client, arn: [arn]},
    counted=(TOPIC,),
    uses=frozenset({"Publish", "PublishBatch", "DeliverToSQS", "DeliverToLambda"}),
    count=count,
    seen_otherwise=True,
    # https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    metrics={
        TOPIC: (
            Metric("AWS/SNS", "NumberOfMessagesPublished", "TopicName", "Publish"),
            Metric("AWS/SNS", "NumberOfNotificationsDelivered", "TopicName", "DeliverToSQS"),
        ),
    },
    on_aws=("AWS::SNS::Subscription", TOPIC),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:sns:[^:]+:\d{12}:[^:]+"),
            lambda client, arn: client("sns").delete_topic(TopicArn=arn),
        ),
    ),
)
