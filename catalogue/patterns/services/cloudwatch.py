"""Amazon CloudWatch: alarms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import (
    Charge,
    Finding,
    NotProven,
    Part,
    Relation,
    ResourceType,
    Service,
    decimal,
    part_of,
)

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.runs.document import Run

ALARMS = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
_NAMING = Naming("AlarmName", "arn:aws:cloudwatch:{region}:{account}:alarm:{name}")


def alarm_actions(view: View) -> Iterator[Finding]:
    """An alarm reports a change of its state to topics and functions."""
    for alarm in view.stack.of_type(*ALARMS):
        for action in _ACTIONS:
            for arn in alarm.property(action) or []:
                target = view.stack.find(arn)
                if target is None or not view.known(target):
                    continue
                if text_of(alarm.property("ActionsEnabled", default=True)) == "false":
                    yield NotProven("alarm", alarm.id, target, alarm.id, "the alarm's actions are disabled")
                else:
                    yield Relation("alarm", alarm.id, target, alarm.id)


BYTES_A_GB = 2**30
KEY = "cloudwatch"


def charges(run: Run, template: Template) -> Iterator[Charge]:
    """Log data by its bytes: https://aws.amazon.com/cloudwatch/pricing/"""
    for use in run.uses:
        if use.service == KEY and use.operation == "PutLogEvents":
            how = f"{use.count:,} lines, {use.units:,.0f} bytes"
            quantity = decimal(use.units) / BYTES_A_GB
            yield "cloudwatch.logs-ingestion", Part(f"log lines of {use.resource}", use.count, quantity, how)
        elif use.service == KEY:
            yield "", part_of(use)


SERVICE = Service(
    key=KEY,
    name="Amazon CloudWatch",
    actions="cloudwatch",
    types=tuple(ResourceType(type, _NAMING) for type in ALARMS),
    parts=("AWS::CloudWatch::Dashboard", "AWS::CloudWatch::AnomalyDetector"),
    charges=charges,
    finders=(alarm_actions,),
)
