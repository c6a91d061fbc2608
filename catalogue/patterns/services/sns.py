"""Amazon SNS."""

from collections.abc import Iterator
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.iam import admits, resource_statements
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses, keyed, named_by
from catalogue.patterns.services.sqs import dead_letter_arn

TOPIC = "AWS::SNS::Topic"
SUBSCRIPTION = "AWS::SNS::Subscription"
_NOT_RESOURCES = ("email", "email-json", "sms", "application")


def subscriptions(view: View) -> Iterator[Finding]:
    """A topic delivers to its subscribers, if their own policies or the subscription's role let it."""
    for subscription in view.stack.of_type(SUBSCRIPTION):
        topic = view.stack.find(subscription.property("TopicArn"), TOPIC)
        if topic is not None:
            yield from _subscription(view, topic, subscription, subscription.properties)
    for topic_ in view.stack.of_type(TOPIC):
        for inline in items(topic_.property("Subscription")):
            yield from _subscription(view, topic_.id, topic_, inline)


def _subscription(view: View, topic: str, by: Deployed, properties: Any) -> Iterator[Finding]:
    if properties.get("Protocol") in _NOT_RESOURCES:
        return
    role = properties.get("SubscriptionRoleArn")
    yield from view.delivery("subscription", topic, properties.get("Endpoint"), by, sender="sns", role=role)
    queue = view.stack.find(dead_letter_arn(properties.get("RedrivePolicy")))
    if queue is not None:
        yield Relation("redrive", topic, queue, by.id)


def _admits(view: View, id: str, sender: str, source: str) -> bool:
    return admits(resource_statements(view.stack, id, "AWS::SNS::TopicPolicy", "Topics"), sender, "sns:publish", source)


SERVICE = Service(
    key="sns",
    name="Amazon SNS",
    actions="sns",
    types=(
        ResourceType(
            TOPIC,
            Naming(
                "TopicName",
                "arn:aws:sns:{region}:{account}:{name}",
                ref="{arn}",
                attributes={"TopicName": "{name}", "TopicArn": "{arn}"},
            ),
            role="topic",
            noun="a topic",
            secured=True,
            pictured=True,
            works=False,
        ),
    ),
    parts=("AWS::SNS::TopicPolicy", "AWS::SNS::TopicInlinePolicy", SUBSCRIPTION),
    uses=Uses(writes=("Publish", "PublishBatch")),
    calls=named_by("TopicArn", "TargetArn"),
    action_of={"publishbatch": ("Publish",)},
    admits=_admits,
    price_of=keyed(
        {
            "Publish": "sns.publishes",
            "PublishBatch": "sns.publishes",
            "DeliverToSQS": "sns.sqs-deliveries",
            "DeliverToLambda": "sns.lambda-deliveries",
        }
    ),
    unit="chunks of 64 KB",
    managed={"AmazonSNSFullAccess": ("sns:*",)},
    finders=(subscriptions,),
)
