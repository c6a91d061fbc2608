"""Amazon SES: mail that comes in."""

from collections.abc import Iterator, Mapping

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, texts
from catalogue.patterns.services.model import Finding, ResourceType, Service

RULE = "AWS::SES::ReceiptRule"


def receipt_rules(view: View) -> Iterator[Finding]:
    """A receipt rule hands a mail to functions, topics and buckets."""
    for rule in view.stack.of_type(RULE):
        body = rule.property("Rule", default={})
        for action in items(body.get("Actions") if isinstance(body, Mapping) else None):
            for text in texts(action):
                target = view.stack.find(text) or view.stack.named(text, "AWS::S3::Bucket")
                if target is not None and view.known(target):
                    yield from view.delivery("rule", rule.id, view.stack.arn(target), rule, sender="ses")


SERVICE = Service(
    key="ses",
    name="Amazon SES",
    actions="ses",
    types=(
        ResourceType(
            RULE,
            Naming(arn="arn:aws:ses:{region}:{account}:receipt-rule-set/rules:receipt-rule/{name}"),
            pictured=True,
        ),
    ),
    parts=("AWS::SES::ReceiptRuleSet", "AWS::SES::EmailIdentity", "AWS::SES::ConfigurationSet"),
    finders=(receipt_rules,),
)
