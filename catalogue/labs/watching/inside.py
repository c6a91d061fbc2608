"""What is inside one resource of a lab: what it holds, and the end of its log."""

from __future__ import annotations

import time
from dataclasses import dataclass

from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.services.contents import Contents
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets import target_of
from catalogue.labs.watching.gauges import read_log
from catalogue.labs.watching.trace import LogLine

_LOG_SECONDS = 15 * 60
_LOG_LINES = 30


@dataclass(frozen=True)
class Inside:
    id: str
    """Logical id."""
    type: str
    """CloudFormation's type."""
    contents: Contents
    log: tuple[LogLine, ...] | None
    """Its newest lines of the last quarter of an hour, oldest first; None where it writes no log."""


def can_look(type: str) -> bool:
    """Whether there is something to see in a resource of this type."""
    return type in lab_services().contents


def look_inside(lab: Lab, logical: str) -> Inside | None:
    """What the resource holds now; None if the lab has no such resource, or nothing can be seen in its type.

    Changes nothing. Raises ClientError, BotoCoreError, TargetDown.
    """
    resource = resources_of(lab).get(logical)
    if resource is None or not can_look(resource.type):
        return None
    target = target_of(lab)
    contents = lab_services().contents[resource.type](target, resource.id)
    group = lab_services().log_groups.get(resource.type)
    log = None
    if group is not None:
        since = int((time.time() - _LOG_SECONDS) * 1000)
        log = tuple(read_log(target, logical, group.format(resource.id), since)[-_LOG_LINES:])
    return Inside(logical, resource.type, contents, log)
