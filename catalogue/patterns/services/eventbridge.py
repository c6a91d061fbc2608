"""Amazon EventBridge: buses, rules and API destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from catalogue.base.shell import resource
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items, mapping
from catalogue.patterns.cloudformation.template import referenced_ids
from catalogue.patterns.services.model import (
    Ambient,
    Finding,
    LeverOperation,
    NotProven,
    Relation,
    ResourceType,
    Service,
    Shell,
    Uses,
    keyed,
)

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.content.schemas.pattern import Operation

BUS = "AWS::Events::EventBus"
RULE = "AWS::Events::Rule"
DEFAULT_BUS = "(default bus)"
SHELL = Shell(
    arn='$(aws events describe-event-bus --name "$(resource {id})" --query Arn --output text)',
    look='aws events list-rules --event-bus-name "$(resource {id})" --query "Rules[].[Name, State]" --output text',
    shows="the rules of the bus, and whether each is enabled.",
)


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


def _rule(change: str) -> Callable[[Operation, Template], str]:
    """The physical id of a rule is `bus|rule`, and that of one on the default bus is its name."""

    def commands(operation: Operation, template: Template) -> str:
        rule: Any = template.resources[operation.resource]
        own = next(iter(referenced_ids(rule.property("EventBusName"))), None)
        bus = f'"$(resource {own})"' if own else "default"
        return f'RULE={resource(operation)}\naws events {change} --name "${{RULE##*|}}" --event-bus-name {bus}'

    return commands


def _replay(operation: Operation, template: Template) -> str:
    return (
        f"BUS=$(aws events describe-event-bus --name {resource(operation)} --query Arn --output text)\n"
        'ARCHIVE=$(aws events list-archives --event-source-arn "$BUS" \\\n'
        "  --query 'Archives[0].ArchiveName' --output text)\n"
        'aws events start-replay --replay-name "again-$(date +%s)" \\\n'
        '  --event-source-arn "${BUS%:*}:archive/$ARCHIVE" --destination "Arn=$BUS" \\\n'
        '  --event-start-time "$(($(date +%s) - 3600))" --event-end-time "$(date +%s)"'
    )


OPERATIONS = {
    "disable-rule": LeverOperation(
        (RULE,),
        "disables the rule `resource`, so that its targets get no events",
        _rule("disable-rule"),
        "Wait a minute: AWS says that it can take a short while until no more events are matched.",
        undone_by="enable-rule",
    ),
    "enable-rule": LeverOperation(
        (RULE,),
        "enables the rule `resource`",
        _rule("enable-rule"),
        "Wait a minute: AWS says that it can take a short while until events are matched again.",
        undone_by="disable-rule",
    ),
    "replay-events": LeverOperation(
        (BUS,),
        "replays the last hour of the archive of the bus `resource`",
        _replay,
        # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
        "The replay runs in the background. Wait ten minutes first: an event can take that long to be in the archive.",
        once=True,
    ),
}

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
            noun="a bus",
            secured=True,
            shell=SHELL,
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
    operations=OPERATIONS,
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
