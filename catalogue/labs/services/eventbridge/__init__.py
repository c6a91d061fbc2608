"""Event buses in labs: the counting of events, rules that are disabled, and replays."""

import json
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter, chunks
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.eventbridge import contents, fixups, operations
from catalogue.labs.services.model import Arrow, LabService

BUS = "AWS::Events::EventBus"
RULE = "AWS::Events::Rule"


def count(counter: Counter) -> None:
    from ministack.services import eventbridge

    def events(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        if headers.get("x-amz-target", "").endswith(".PutEvents"):
            for entry in json.loads(body).get("Entries") or ():
                bus = str(entry.get("EventBusName") or "default")
                size = sum(len(str(entry.get(part, "")).encode()) for part in ("Detail", "DetailType", "Source"))
                counter.add("eventbridge", bus, "PutEvents", chunks(size))

    count_requests(eventbridge, events)


def not_emulated(arrow: Arrow) -> str | None:
    if arrow.kind == "dead-letter" and arrow.source in (BUS, RULE):
        return "The embedded AWS ignores the dead-letter queue of a rule's target."
    return None


SERVICE = LabService(
    key="eventbridge",
    arns={BUS: lambda client, name: [str(client("events").describe_event_bus(Name=name)["Arn"])]},
    contents={BUS: contents.read},
    counted=(BUS,),
    uses=frozenset({"PutEvents"}),
    count=count,
    not_emulated=not_emulated,
    adapt=fixups.adapt,
    restore=fixups.restore,
    before_delete_embedded=fixups.delete_archives,
    operations={
        "disable-rule": operations.disable_rule,
        "enable-rule": operations.enable_rule,
        "replay-events": operations.replay,
    },
    on_aws=(BUS, RULE, fixups.ARCHIVE),
)
