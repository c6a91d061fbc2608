"""AWS IoT Core: rules on topics."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import is_true
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, texts
from catalogue.patterns.services.model import Finding, NotProven, ResourceType, Service

RULE = "AWS::IoT::TopicRule"
AUTHORIZER = "AWS::IoT::Authorizer"
_NAMES = {
    "S3": "AWS::S3::Bucket",
    "DynamoDB": "AWS::DynamoDB::Table",
    "DynamoDBv2": "AWS::DynamoDB::Table",
    "Kinesis": "AWS::Kinesis::Stream",
    "Firehose": "AWS::KinesisFirehose::DeliveryStream",
    "Sqs": "AWS::SQS::Queue",
    "Sns": "AWS::SNS::Topic",
    "Lambda": "AWS::Lambda::Function",
    "StepFunctions": "AWS::StepFunctions::StateMachine",
}
"""Actions of a rule with the type of what they act on."""


def topic_rules(view: View) -> Iterator[Finding]:
    """A rule hands the messages that it selects to its actions."""
    for rule in view.stack.of_type(RULE):
        payload = rule.property("TopicRulePayload", default={})
        for action in items(payload.get("Actions") if isinstance(payload, Mapping) else None):
            for key, configured in action.items():
                named = [view.stack.named(text, _NAMES[key]) for text in texts(configured)] if key in _NAMES else []
                for target in dict.fromkeys(id for id in named if id):
                    if is_true(payload.get("RuleDisabled")):
                        yield NotProven("rule", rule.id, target, rule.id, "the rule is disabled")
                        continue
                    role = configured.get("RoleArn") if isinstance(configured, Mapping) else None
                    yield from view.delivery("rule", rule.id, view.stack.arn(target), rule, sender="iot", role=role)


def authorizers(view: View) -> Iterator[Finding]:
    """A custom authorizer asks its function whether a device may connect."""
    for authorizer in view.stack.of_type(AUTHORIZER):
        function = authorizer.property("AuthorizerFunctionArn")
        if authorizer.property("Status", default="INACTIVE") == "ACTIVE":
            yield from view.delivery("authorizer", authorizer.id, function, authorizer, sender="iot", waits=True)
        else:
            yield NotProven("authorizer", authorizer.id, str(function), authorizer.id, "the authorizer is not active")


SERVICE = Service(
    key="iot",
    name="AWS IoT Core",
    actions="iot",
    types=(
        ResourceType(RULE, Naming("RuleName", "arn:aws:iot:{region}:{account}:rule/{name}"), pictured=True),
        ResourceType(
            AUTHORIZER, Naming("AuthorizerName", "arn:aws:iot:{region}:{account}:authorizer/{name}"), pictured=True
        ),
    ),
    parts=("AWS::IoT::Thing", "AWS::IoT::Policy"),
    finders=(topic_rules, authorizers),
)
