"""Elastic Load Balancing, and the Amazon ECS services behind it."""

from collections.abc import Iterator
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items, mapping
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
GROUP = "AWS::ElasticLoadBalancingV2::TargetGroup"
LISTENER = "AWS::ElasticLoadBalancingV2::Listener"
RULE = "AWS::ElasticLoadBalancingV2::ListenerRule"
ECS_SERVICE = "AWS::ECS::Service"
_ARN = "arn:aws:elasticloadbalancing:{region}:{account}:"


def targets(view: View) -> Iterator[Finding]:
    """A load balancer forwards requests to the targets of the groups that its listeners name."""
    for balancer, group in _forwarded(view):
        for target in items(view.stack.resources[group].property("Targets")):
            sent = view.delivery(
                "target",
                balancer,
                target.get("Id"),
                view.stack.resources[group],
                sender="elasticloadbalancing",
                waits=True,
            )
            yield from (finding for finding in sent if isinstance(finding, Relation))
        for service in view.stack.of_type(ECS_SERVICE):
            named = [one.get("TargetGroupArn") for one in items(service.property("LoadBalancers"))]
            if any(view.stack.find(arn, GROUP) == group for arn in named):
                yield Relation("target", balancer, service.id, service.id, True)


def authentications(view: View) -> Iterator[Finding]:
    """A listener may send users to a user pool before it forwards their requests."""
    for listener in view.stack.of_type(LISTENER):
        balancer = view.stack.find(listener.property("LoadBalancerArn"), BALANCER)
        for rule in [listener, *_rules(view, listener)]:
            for action in items(rule.property("DefaultActions", default=rule.property("Actions"))):
                pool = view.stack.find(mapping(action.get("AuthenticateCognitoConfig")).get("UserPoolArn"))
                if balancer and pool:
                    yield Relation("authorizer", balancer, pool, rule.id, True)


def _rules(view: View, listener: Deployed) -> list[Deployed]:
    arn = view.stack.names[listener.id].ref
    return [rule for rule in view.stack.of_type(RULE) if rule.property("ListenerArn") == arn]


def _forwarded(view: View) -> Iterator[tuple[str, str]]:
    for listener in view.stack.of_type(LISTENER):
        balancer = view.stack.find(listener.property("LoadBalancerArn"), BALANCER)
        actions = [listener.property("DefaultActions"), *(rule.property("Actions") for rule in _rules(view, listener))]
        groups = [view.stack.find(arn, GROUP) for several in actions for arn in _arns(several)]
        yield from ((balancer, group) for group in dict.fromkeys(groups) if balancer and group)


def _arns(actions: Any) -> Iterator[Any]:
    for action in items(actions):
        yield action.get("TargetGroupArn")
        for forward in items(action.get("ForwardConfig")):
            yield from (one.get("TargetGroupArn") for one in items(forward.get("TargetGroups")))


SERVICE = Service(
    key="load-balancing",
    name="Elastic Load Balancing",
    actions="elasticloadbalancing",
    types=(
        ResourceType(
            BALANCER,
            Naming(
                "Name",
                _ARN + "loadbalancer/app/{name}/0",
                ref="{arn}",
                addresses=("http://{name}.elb.{region}.amazonaws.com",),
                attributes={
                    "DNSName": "{name}.elb.{region}.amazonaws.com",
                    "LoadBalancerFullName": "app/{name}/0",
                    "LoadBalancerArn": "{arn}",
                },
            ),
            pictured=True,
        ),
        ResourceType(GROUP, Naming("Name", _ARN + "targetgroup/{name}/0", ref="{arn}")),
        ResourceType(LISTENER, Naming("LoadBalancerArn", "{chosen}/{id}", ref="{arn}", part=True)),
        ResourceType(
            ECS_SERVICE,
            Naming("ServiceName", "arn:aws:ecs:{region}:{account}:service/{name}", ref="{arn}"),
            pictured=True,
        ),
    ),
    parts=(RULE,),
    finders=(targets, authentications),
)
