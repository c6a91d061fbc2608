"""Amazon CloudWatch Logs."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import Finding, ResourceType, Service

GROUP = "AWS::Logs::LogGroup"


def subscription_filters(view: View) -> Iterator[Finding]:
    """A log group hands the lines that a filter matches to a function or stream."""
    for filter in view.stack.of_type("AWS::Logs::SubscriptionFilter"):
        group = view.stack.named(filter.property("LogGroupName"), GROUP)
        if group is not None:
            role, to = filter.property("RoleArn"), filter.property("DestinationArn")
            yield from view.delivery("subscription", group, to, filter, sender="logs", role=role)


SERVICE = Service(
    key="logs",
    name="Amazon CloudWatch Logs",
    actions="logs",
    types=(
        ResourceType(
            GROUP,
            Naming(
                "LogGroupName",
                "arn:aws:logs:{region}:{account}:log-group:{name}",
                attributes={"Arn": "arn:aws:logs:{region}:{account}:log-group:{name}:*"},
            ),
        ),
    ),
    parts=(
        "AWS::Logs::SubscriptionFilter",
        "AWS::Logs::LogStream",
        "AWS::Logs::ResourcePolicy",
        "AWS::Logs::MetricFilter",
    ),
    listed=False,  # nearly every function has a log group
    finders=(subscription_filters,),
)
