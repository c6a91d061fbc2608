"""Counts of AWS operations over time, in memory: what each resource was used for since any moment. Thread-safe."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from catalogue.labs.services.registry import lab_services

CHUNK = 64 * 1024
"""SQS, SNS and EventBridge charge for every 64 KB of payload: https://aws.amazon.com/sqs/pricing/"""
_TOGETHER_SECONDS = 0.002
_MOST_RESOURCES = 20_000
_MOST_MOMENTS = 4_000
_RECENT_SECONDS = (120, 10, 1)
"""Moments of that time are kept apart; of a shorter time while there are very many."""
_MOST_TOLD = 400

Resource = tuple[str, str]
"""A service (its key in catalogue/patterns/services/) and a name: `("sqs", "lab-OrderQueue-1a2b")`."""


class UsageRow(NamedTuple):
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
        resource = (service, lab_services().plain_name(service, name))
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
                operations[operation] = _fewer(moments, now)
            while len(self._kept) > _MOST_RESOURCES:
                self._kept.popitem(last=False)

    def forget(self, names: Iterable[str]) -> None:
        """Forget the resources of these names, whatever service they are of."""
        gone = set(names)
        with self._lock:
            for resource in [resource for resource in self._kept if resource[1] in gone]:
                del self._kept[resource]

    def read(self, resources: Iterable[Resource], since: float) -> list[UsageRow]:
        """What was counted for these resources from `since` (Unix seconds) on."""
        rows: list[UsageRow] = []
        plain_name = lab_services().plain_name
        with self._lock:
            for service, name in resources:
                for operation, moments in self._kept.get((service, plain_name(service, name)), {}).items():
                    recent = [moment for moment in moments if moment.last >= since]
                    if recent:
                        units = math.fsum(moment.units for moment in recent)
                        times = sum(moment.count for moment in recent)
                        told = recent if times <= _MOST_TOLD else ()
                        at = tuple(moment.last for moment in told for _ in range(moment.count))
                        rows.append(UsageRow(service, name, operation, times, units, at))
        return rows


def _fewer(moments: list[_Moment], now: float) -> list[_Moment]:
    """The same counts in at most half as many moments as may be kept, so that most additions find room.

    The oldest are put together first, by the second; after hours of use, neighbors are.
    """
    for seconds in _RECENT_SECONDS:
        moments = _coarser(moments, now - seconds)
        if len(moments) <= _MOST_MOMENTS // 2:
            return moments
    kept: list[_Moment] = []
    for number, moment in enumerate(moments):
        if number % 2:
            kept[-1].count += moment.count
            kept[-1].units += moment.units
            kept[-1].last = moment.last
        else:
            kept.append(moment)
    return kept


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
