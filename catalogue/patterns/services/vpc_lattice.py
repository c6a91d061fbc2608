"""Amazon VPC Lattice: services in front of targets."""

from collections.abc import Iterator
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses

SERVICE_TYPE = "AWS::VpcLattice::Service"
LISTENER = "AWS::VpcLattice::Listener"
RULE = "AWS::VpcLattice::Rule"
GROUP = "AWS::VpcLattice::TargetGroup"
_ARN = "arn:aws:vpc-lattice:{region}:{account}:"
_HOST = "{name}-0.vpc-lattice-svcs.{region}.on.aws"


def targets(view: View) -> Iterator[Finding]:
    """A service forwards requests to the targets of the groups that its listeners and their rules name."""
    for listener in view.stack.of_type(LISTENER, RULE):
        service = view.stack.named(listener.property("ServiceIdentifier"), SERVICE_TYPE)
        action = listener.property("DefaultAction", default=listener.property("Action"))
        for group in _groups(view, action) if service else ():
            for target in items(view.stack.resources[group].property("Targets")):
                found = view.stack.find(target.get("Id"))
                if found is not None and service is not None:
                    yield Relation("target", service, found, listener.id, True)


def _groups(view: View, action: Any) -> Iterator[str]:
    for forwarded in items(mapping(mapping(action).get("Forward")).get("TargetGroups")):
        group = view.stack.named(forwarded.get("TargetGroupIdentifier"), GROUP)
        if group is not None:
            yield group


SERVICE = Service(
    key="vpc-lattice",
    name="Amazon VPC Lattice",
    actions="vpc-lattice-svcs",
    types=(
        ResourceType(
            SERVICE_TYPE,
            Naming("Name", _ARN + "service/{name}", "{arn}", (_HOST,), {"DnsEntry.DomainName": _HOST}),
            pictured=True,
        ),
        ResourceType(GROUP, Naming("Name", _ARN + "targetgroup/{name}", ref="{arn}")),
    ),
    parts=(
        LISTENER,
        RULE,
        "AWS::VpcLattice::ServiceNetwork",
        "AWS::VpcLattice::ServiceNetworkServiceAssociation",
        "AWS::VpcLattice::ServiceNetworkVpcAssociation",
        "AWS::VpcLattice::AuthPolicy",
    ),
    uses=Uses(writes=("Invoke",), open=True),
    finders=(targets,),
)
