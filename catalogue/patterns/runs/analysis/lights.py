"""Which edges an event lights while it happens: the live counterpart of `moves`, told event by event.

It remembers only what it needs to conclude the next edge: who has acted under which trace, and when.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from catalogue.patterns.runs.analysis.graph import USES, Graph, Hop, sets_aside
from catalogue.patterns.services.registry import registry

_KEPT_TRACES = 500
_RECENT_SECONDS = 3.0


class Lights:
    """For one lab: give it every event in the order in which it is told."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._holders: OrderedDict[str, list[str]] = OrderedDict()
        """Who may have handed over a message of this trace: functions, and the targets of direct integrations."""
        self._acted: dict[str, float] = {}
        self._counts: dict[tuple[str, str], int] = {}

    def edges(self, kind: str, data: Mapping[str, Any]) -> list[str]:
        """Keys of the edges that the event went along, in their order: `["OrderApi>OrderQueue"]`."""
        match kind:
            case "request":
                return _keys(self._request(data))
            case "invocation":
                return _keys(self._invocation(data))
            case "gauge":
                return _keys(self._gauge(data))
            case _:
                return []

    def _request(self, data: Mapping[str, Any]) -> list[Hop]:
        arrival = self._graph.arrival(data["path"], data["status"])
        found = [arrival] if arrival else []
        route = self._graph.route(data["method"], data["path"])
        if route is not None and data["method"] == "GET":
            found += [hop for hop in self._graph.hops if hop.by == "cache"]
        straight = self._graph.straight(route) if 200 <= data["status"] < 400 else None
        if straight is not None:
            found.append(straight)
            self._hold(data["trace"], straight.target)
        return found

    def _invocation(self, data: Mapping[str, Any]) -> list[Hop]:
        function = data["function"]
        waited = self._graph.entries(function, waited_for=True)
        later = self._graph.entries(function, waited_for=False)
        before = self._holders.get(data["trace"] or "", [])
        found: list[Hop] = []
        if waited and not later:
            called = [hop for hop in waited if hop.source in before] or waited
            found = called[:1]
        elif len(later) == 1:
            queue = later[0].source
            # A message of this trace is here, so it has come from one who held it.
            way = () if function in before or queue in before else self._graph.way(reversed(before), queue)
            found = [*way, later[0]]
        self._hold(data["trace"], function)
        self._acted[function] = data["at"]
        return found

    def _gauge(self, data: Mapping[str, Any]) -> list[Hop]:
        """What rose has been put there: told if there is one way only, and someone at its beginning has just acted."""
        resource, key = data["resource"], (data["resource"], data["measure"])
        risen = key in self._counts and data["value"] > self._counts[key]
        self._counts[key] = data["value"]
        if not risen or not registry().level(data["measure"]).reported:
            return []
        into = self._graph.into(resource)
        if into and all(sets_aside(hop) for hop in into):
            return into[:1]
        recent = [hop for hop in into if data["at"] - self._acted.get(hop.source, 0.0) < _RECENT_SECONDS]
        writers = [hop for hop in recent if hop.by in USES]
        return writers if len(writers) == 1 else []

    def _hold(self, trace: str | None, who: str) -> None:
        if not trace:
            return
        holders = self._holders.setdefault(trace, [])
        if who not in holders:
            holders.append(who)
        self._holders.move_to_end(trace)
        while len(self._holders) > _KEPT_TRACES:
            self._holders.popitem(last=False)


def _keys(hops: list[Hop]) -> list[str]:
    return [hop.key for hop in hops]
