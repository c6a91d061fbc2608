"""Counts of AWS operations over time, in memory: what each resource was used for since any moment. Thread-safe."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from catalogue.labs.resource_names import plain_name

CHUNK = 64 * 1024
"""SQS, SNS and EventBridge charge for every 64 KB of payload: https://aws.amazon.com/sqs/pricing/"""
_TOGETHER_SECONDS = 0.002
_MOST_RESOURCES = 20_000
_MOST_MOMENTS = 4_000
_RECENT_SECONDS = 120
_MOST_TOLD = 400

Resource = tuple[str, str]
"""A service (key of services.yaml) and a name: `("sqs", "lab-OrderQueue-1a2b")`."""


class Row(NamedTuple):
    service: str
    name: str
    operation: str
    times: int
    units: float
    at: tuple[float, ...] = ()
    """When, in Unix seconds, once for each time and oldest first; empty if there were more than can be told apart."""


class _Moment:
    """What happened within two milliseconds, or, when it is long ago, within a second."""

    __slots__ = ("count", "last", "units")

    def __init__(self, last: float, count: int, units: float) -> None:
        self.last, self.count, self.units = last, count, units


class Counter:
    """Bounded: the resource not used for longest is forgotten first, and old moments are kept by the second."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._kept: OrderedDict[Resource, dict[str, list[_Moment]]] = OrderedDict()

    def add(self, service: str, name: str, operation: str, units: float = 1, count: int = 1) -> None:
        """Count an operation on the resource of this name (or ARN, or URL)."""
        now = self._now()
        resource = (service, plain_name(service, name))
        with self._lock:
            operations = self._kept.setdefault(resource, {})
            self._kept.move_to_end(resource)
            moments = operations.setdefault(operation, [])
            if moments and now - moments[-1].last < _TOGETHER_SECONDS:
                moments[-1].count += count
                moments[-1].units += units
            else:
                moments.append(_Moment(now, count, units))
            if len(moments) > _MOST_MOMENTS:
                operations[operation] = _coarser(moments, now - _RECENT_SECONDS)
            while len(self._kept) > _MOST_RESOURCES:
                self._kept.popitem(last=False)

    def read(self, resources: Iterable[Resource], since: float) -> list[Row]:
        """What was counted for these resources from `since` (Unix seconds) on."""
        rows: list[Row] = []
        with self._lock:
            for service, name in resources:
                for operation, moments in self._kept.get((service, plain_name(service, name)), {}).items():
                    recent = [moment for moment in moments if moment.last >= since]
                    if recent:
                        units = math.fsum(moment.units for moment in recent)
                        times = sum(moment.count for moment in recent)
                        told = recent if times <= _MOST_TOLD else ()
                        at = tuple(moment.last for moment in told for _ in range(moment.count))
                        rows.append(Row(service, name, operation, times, units, at))
        return rows


def _coarser(moments: list[_Moment], before: float) -> list[_Moment]:
    """The same counts, those before a moment put together by the second."""
    kept: list[_Moment] = []
    for moment in moments:
        if moment.last < before and kept and int(kept[-1].last) == int(moment.last):
            kept[-1].count += moment.count
            kept[-1].units += moment.units
            kept[-1].last = moment.last
        else:
            kept.append(moment)
    return kept


def chunks(size: int) -> int:
    """Requests that a payload of this many bytes is charged as."""
    return max(1, math.ceil(size / CHUNK))
