"""Amazon EventBridge: buses, rules and API destinations."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items, mapping
from catalogue.patterns.services.model import Ambient, Finding, NotProven, Relation, ResourceType, Service, Uses, keyed

BUS = "AWS::Events::EventBus"
RULE = "AWS::Events::Rule"
DEFAULT_BUS = "(default bus)"


def rules(view: View) -> Iterator[Finding]:
    """A rule hands events of its bus to its targets. One that runs on a schedule, or on a bus from
    elsewhere, is itself where the arrow begins."""
    for rule in view.stack.of_type(RULE):
        if rule.property("EventPattern"):
            bus = view.stack.named(rule.property("EventBusName", default="default") or "default", BUS)
            yield from _targets(view, "rule", bus or rule.id, rule)
        if rule.property("ScheduleExpression"):
            yield from _targets(view, "schedule", rule.id, rule)


def _targets(view: View, kind: str, source: str, rule: Deployed) -> Iterator[Finding]:
    for target in items(rule.property("Targets")):
        if rule.property("State") == "DISABLED":
            yield NotProven(kind, source, str(target.get("Arn")), rule.id, "the rule is disabled")
            continue
        sent = view.delivery(kind, source, target.get("Arn"), rule, sender="events", role=target.get("RoleArn"))
        yield from sent
        dead_letters = mapping(target.get("DeadLetterConfig")).get("Arn")
        queue = view.stack.find(dead_letters)
        if queue is not None:
            yield Relation("dead-letter", source, queue, rule.id)


def _calls(operation: str, arguments: Mapping[str, Any]) -> Iterable[Any]:
    """The bus of each entry; one that names none goes to the default bus."""
    entries = arguments.get("Entries")
    listed = items(entries) if isinstance(entries, (list, dict)) else [arguments]
    for entry in listed:
        dynamic = next((entry[key] for key in ("EventBusName", "EventBusName.$") if key in entry), None)
        yield "default" if dynamic is None else dynamic


SERVICE = Service(
    key="eventbridge",
    name="Amazon EventBridge",
    actions="events",
    types=(
        ResourceType(
            BUS,
            Naming("Name", "arn:aws:events:{region}:{account}:event-bus/{name}", attributes={"Name": "{name}"}),
            pictured=True,
            works=False,
        ),
        ResourceType(
            "AWS::Events::ApiDestination",
            Naming("Name", "arn:aws:events:{region}:{account}:api-destination/{name}"),
            pictured=True,
        ),
        ResourceType(RULE, Naming("Name", "arn:aws:events:{region}:{account}:rule/{name}")),
    ),
    parts=(
        "AWS::Events::EventBusPolicy",
        "AWS::Events::Archive",
        "AWS::Events::Connection",
        "AWS::Events::Endpoint",
    ),
    uses=Uses(writes=("PutEvents", "InvokeApiDestination")),
    calls=_calls,
    api=("eventbridge",),
    ambient=(Ambient(DEFAULT_BUS, BUS, "default"),),
    price_of=keyed(
        {
            "PutEvents": "eventbridge.events",
            "InvokeApiDestination": "eventbridge.api-destinations",
            "ReplayEvent": "eventbridge.events",
        }
    ),
    unit="chunks of 64 KB",
    managed={"AmazonEventBridgeFullAccess": ("events:*",)},
    finders=(rules,),
)
