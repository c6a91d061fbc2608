"""Every relation between resources that a template bears out: the proofs of the diagram's edges.

A relation is directed the way its edge is drawn. The kinds are those of `schema.Edge.by`, but for `outside`,
which a template cannot prove.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.policies import Statement, allows, statements_of
from catalogue.patterns.services import services
from catalogue.patterns.template import Resource, Template, referenced_ids

FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_PULLED_BY_SAM = {
    "SQS": "Queue",
    "DynamoDB": "Stream",
    "Kinesis": "Stream",
}


@dataclass(frozen=True, order=True)
class Relation:
    kind: str
    """One of `schema.Edge.by`."""
    source: str
    target: str
    proof: str
    """Logical id of the resource that makes the relation."""


def relations(template: Template) -> frozenset[Relation]:
    """All relations of the template between resources that it defines."""
    found = itertools.chain(
        _integrations(template),
        _authorizers(template),
        _caches(template),
        _event_sources(template),
        _subscriptions(template),
        _rules(template),
        _redrives(template),
        _environments(template),
    )
    known = template.resources
    return frozenset(
        relation
        for relation in found
        if relation.source in known and relation.target in known and relation.source != relation.target
    )


def _links(kind: str, sources: Iterable[str], targets: Iterable[str], proof: Resource) -> Iterator[Relation]:
    for source, target in itertools.product(sources, targets):
        yield Relation(kind, source, target, proof.id)


def _integrations(template: Template) -> Iterator[Relation]:
    """A method's integration reaches what its URI, mapping templates or parameters name.

    A direct integration names a table only in the mapping template, and a queue sometimes only in a
    parameter; the credentials name the role that is used, which is no destination.
    """
    for method in template.of_type("AWS::ApiGateway::Method"):
        integration = method.property("Integration", default={})
        named = [
            integration.get(key)
            for key in ("Uri", "RequestTemplates", "RequestParameters")
            if isinstance(integration, Mapping)
        ]
        yield from _links("integration", _refs(method, "RestApiId"), referenced_ids(named), method)
    for integration in template.of_type("AWS::ApiGatewayV2::Integration"):
        named = [
            integration.property("IntegrationUri"),
            integration.property("RequestParameters"),
            integration.property("RequestTemplates"),
        ]
        yield from _links("integration", _refs(integration, "ApiId"), referenced_ids(named), integration)


def _authorizers(template: Template) -> Iterator[Relation]:
    for authorizer in template.of_type("AWS::ApiGateway::Authorizer"):
        targets = _refs(authorizer, "AuthorizerUri") | _refs(authorizer, "ProviderARNs")
        yield from _links("authorizer", _refs(authorizer, "RestApiId"), targets, authorizer)
    for authorizer in template.of_type("AWS::ApiGatewayV2::Authorizer"):
        yield from _links("authorizer", _refs(authorizer, "ApiId"), _refs(authorizer, "AuthorizerUri"), authorizer)


def _caches(template: Template) -> Iterator[Relation]:
    for stage in template.of_type("AWS::ApiGateway::Stage"):
        if stage.property("CacheClusterEnabled") is True:
            yield from _links("cache", _refs(stage, "RestApiId"), {stage.id}, stage)


def _event_sources(template: Template) -> Iterator[Relation]:
    for mapping in template.of_type("AWS::Lambda::EventSourceMapping"):
        yield from _links("event-source", _refs(mapping, "EventSourceArn"), _refs(mapping, "FunctionName"), mapping)
    for function in template.of_type("AWS::Serverless::Function"):
        for event in _mappings(function.property("Events")):
            key = _PULLED_BY_SAM.get(str(event.get("Type")))
            if key and isinstance(event.get("Properties"), Mapping):
                sources = referenced_ids(event["Properties"].get(key))
                yield from _links("event-source", sources, {function.id}, function)


def _subscriptions(template: Template) -> Iterator[Relation]:
    for subscription in template.of_type("AWS::SNS::Subscription"):
        yield from _links(
            "subscription", _refs(subscription, "TopicArn"), _refs(subscription, "Endpoint"), subscription
        )
    for topic in template.of_type("AWS::SNS::Topic"):
        yield from _links("subscription", {topic.id}, _refs(topic, "Subscription"), topic)


def _rules(template: Template) -> Iterator[Relation]:
    for rule in template.of_type("AWS::Events::Rule"):
        arns = [target.get("Arn") for target in _items(rule.property("Targets"))]
        yield from _links("rule", _refs(rule, "EventBusName"), referenced_ids(arns), rule)


def _redrives(template: Template) -> Iterator[Relation]:
    for queue in template.of_type("AWS::SQS::Queue"):
        target = referenced_ids(queue.property("RedrivePolicy", "deadLetterTargetArn"))
        yield from _links("redrive", {queue.id}, target, queue)


def _environments(template: Template) -> Iterator[Relation]:
    """A function uses what an environment variable names and a policy of its own lets it act on."""
    for function in template.of_type(*FUNCTIONS):
        allowed = statements_of(template, function)
        for target in environment_references(function):
            if may_use(template, allowed, target):
                yield from _links("environment", {function.id}, {target}, function)


def environment_references(function: Resource) -> set[str]:
    """Logical ids that the function's environment variables refer to."""
    return referenced_ids(function.property("Environment", "Variables"))


def may_use(template: Template, allowed: Iterable[Statement], target: str) -> bool:
    """Whether some statement allows an action of the target's service on the target."""
    prefix = action_prefix(template, target)
    return prefix is not None and any(allows(statement, prefix, target) for statement in allowed)


def action_prefix(template: Template, id: str) -> str | None:
    """`sqs` for a queue: what the actions of the resource's service begin with; None if it has none."""
    resource = template.resources.get(id)
    service = services().by_type.get(resource.type) if resource else None
    return service.actions if service else None


def _refs(resource: Resource, key: str) -> set[str]:
    return referenced_ids(resource.properties.get(key))


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _mappings(value: Any) -> list[Mapping[str, Any]]:
    return _items(list(value.values())) if isinstance(value, Mapping) else []
