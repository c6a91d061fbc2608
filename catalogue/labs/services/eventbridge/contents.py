"""Rules of a bus: what each one takes, and where it sends it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded, in_json
from catalogue.labs.services.model import last_part

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Target


def read(target: Target, bus: str) -> Contents:
    events = target.client("events")
    page = events.list_rules(EventBusName=bus, Limit=MOST_ENTRIES)
    return bounded("Rules", [_entry(events, bus, rule) for rule in page["Rules"]], more="NextToken" in page)


def _entry(events: Any, bus: str, rule: dict[str, Any]) -> Entry:
    targets = events.list_targets_by_rule(Rule=rule["Name"], EventBusName=bus)["Targets"]
    pattern = rule.get("EventPattern")
    taken = in_json(json.loads(pattern)) if pattern else str(rule.get("ScheduleExpression", ""))
    return Entry(rule["Name"], taken, (rule["State"].lower(), *(f"to {last_part(one['Arn'])}" for one in targets)))
