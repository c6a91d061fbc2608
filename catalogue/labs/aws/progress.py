"""How far CloudFormation is with a stack: 3 of 11 resources created, now OrderQueue.

Read from the stack's own events when someone asks, and kept for two seconds in each process, so that many watchers of
a lab make no more calls than one. https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_StackEvent.html
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

FRESH_SECONDS = 2.0
_MOST_KEPT = 200
_MOST_PAGES = 5
"""A hundred events each; a lab's stack has three for each of some thirty resources."""


@dataclass(frozen=True)
class Progress:
    done: int
    total: int | None
    """None until the transform has run."""
    now: tuple[str, ...]
    """Logical ids that are being created, the newest first."""

    def document(self) -> dict[str, Any]:
        """JSON for the lab's own document."""
        return {"done": self.done, "total": self.total, "now": list(self.now), "text": self.text}

    @property
    def text(self) -> str:
        """`3 of 11 resources created, now OrderQueue`."""
        of = f" of {self.total}" if self.total else ""
        word = "resource" if (self.total or self.done) == 1 else "resources"
        now = f", now {self.now[0]}" if self.now else ""
        return f"{self.done}{of} {word} created{now}"


def progress_of(events: Iterable[Mapping[str, Any]], stack: str, total: int | None) -> Progress:
    """From a stack's events, the newest first. Pure; `stack` is the stack's name, whose own events do not count."""
    latest: dict[str, str] = {}
    for event in events:
        if event.get("LogicalResourceId") != stack:
            latest.setdefault(event["LogicalResourceId"], event.get("ResourceStatus", ""))
    done = sum(status == "CREATE_COMPLETE" for status in latest.values())
    now = tuple(logical for logical, status in latest.items() if status == "CREATE_IN_PROGRESS")
    return Progress(done, None if total is None else max(total, len(latest)), now)


class ProgressReader:
    """Reads the progress of stacks by one CloudFormation client; safe to use from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[float, Progress | None]] = OrderedDict()
        self._totals: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, cloudformation: Any, stack: str) -> Progress | None:
        """None if AWS does not answer: progress is a convenience, and no request fails for it."""
        with self._lock:
            until, known = self._kept.get(stack, (0.0, None))
            if time.monotonic() < until:
                return known
            # Others get what was known until this thread is back.
            self._keep(stack, known)
        try:
            found: Progress | None = self._ask(cloudformation, stack)
        except (BotoCoreError, ClientError, KeyError):
            found = known
        with self._lock:
            self._keep(stack, found)
        return found

    def _keep(self, stack: str, progress: Progress | None) -> None:
        self._kept[stack] = (time.monotonic() + FRESH_SECONDS, progress)
        self._kept.move_to_end(stack)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)

    def _ask(self, cloudformation: Any, stack: str) -> Progress:
        events: list[Mapping[str, Any]] = []
        pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack)
        for number, page in enumerate(pages, 1):
            events += page["StackEvents"]
            if number == _MOST_PAGES:
                break
        return progress_of(events, stack, self._total(cloudformation, stack))

    def _total(self, cloudformation: Any, stack: str) -> int | None:
        """How many resources the transformed template has; asked for once it is there."""
        if stack not in self._totals:
            found = cloudformation.get_template(StackName=stack, TemplateStage="Processed")
            body = found.get("TemplateBody")
            if not isinstance(body, Mapping) or "Processed" not in found.get("StagesAvailable", ("Processed",)):
                return None
            self._totals[stack] = len(body.get("Resources", {}))
            while len(self._totals) > _MOST_KEPT:
                self._totals.popitem(last=False)
        return self._totals[stack]
