"""What a stack's parts are and how they are joined: the map on which a run's events are placed.

For the pattern it is its diagram; for the naive twin, which has none, the relations of its template. Everything here
is read from files that checks hold true, so an edge that is lit on this map exists in the stack.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from catalogue.patterns.cloudformation.arrows.proofs import proofs, relations, routes
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.checks.demo import matches
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.services.kinds import KINDS
from catalogue.patterns.services.model import Role, Route
from catalogue.patterns.services.registry import registry

_HANDS_ON = {name for name, kind in KINDS.items() if kind.hands_on}
"""Relations by which a message goes on to where it waits."""
USES = ("environment", "policy")
"""Relations by which code uses a resource."""
SWITCHING = 101
"""The status of a handshake that became a WebSocket (RFC 9110, section 15.2.2)."""


@dataclass(frozen=True)
class Place:
    id: str
    label: str
    role: Role
    type: str = ""
    """Of its resource; empty for an actor."""


@dataclass(frozen=True)
class Hop:
    """An edge of the map, in the direction in which a request or message goes."""

    source: str
    target: str
    label: str
    kind: Literal["sync", "async"]
    by: str

    @property
    def key(self) -> str:
        """As the drawn diagram names it: `OrderApi>OrderQueue`."""
        return f"{self.source}>{self.target}"


@dataclass(frozen=True)
class Graph:
    places: dict[str, Place]
    """In the diagram's order."""
    hops: tuple[Hop, ...]
    routes: tuple[Route, ...]
    actions: Mapping[tuple[str, str], frozenset[str]] = field(repr=False)
    """IAM actions that a function may do on a resource that it uses, in lower case and without prefix."""

    def label(self, id: str) -> str:
        place = self.places.get(id)
        return place.label if place else spoken(id)

    def role(self, id: str) -> Role:
        place = self.places.get(id)
        return place.role if place else "other"

    def first(self, role: Role) -> str | None:
        return next((place.id for place in self.places.values() if place.role == role), None)

    def into(self, id: str, *by: str) -> list[Hop]:
        return [hop for hop in self.hops if hop.target == id and (not by or hop.by in by)]

    def entries(self, function: str, *, waited_for: bool) -> list[Hop]:
        """The edges by which a function is invoked: by a caller who waits, or by an event source."""
        hops = self.into(function)
        if waited_for:
            direct = [hop for hop in hops if hop.by in USES and self.role(hop.source) == "function"]
            answers = [hop for hop in hops if hop.by in KINDS and KINDS[hop.by].answers]
            # A function with an address of its own is called from outside.
            return answers + direct + [hop for hop in hops if hop.by == "outside"]
        return [hop for hop in hops if hop.by in KINDS and KINDS[hop.by].invokes]

    def route(self, method: str, path: str) -> Route | None:
        """The route that API Gateway chooses: a literal segment before a parameter before a greedy one."""
        path = path.partition("?")[0]
        fitting = [route for route in self.routes if matches(route, method, path)]
        return min(fitting, key=lambda route: (route.path.count("+}"), route.path.count("{")), default=None)

    def arrival(self, path: str, status: int = 0) -> Hop | None:
        """The edge by which a call arrives. Of several actors it is the one whose edge speaks of the path.

        A call that became a WebSocket (status 101) has no path: its edge speaks of connecting.
        A presigned request arrives at the resource that its path names: `/_s3/Pictures/a.jpg`.
        """
        outside = [hop for hop in self.hops if hop.by == "outside"]
        if direct := re.match(r"/_[a-z0-9-]+/(\w+)", path):
            return next((hop for hop in outside if hop.target == direct[1]), None)
        hops = [hop for hop in outside if self.role(hop.target) == "gateway"]
        hops = hops or [hop for hop in outside if self.role(hop.target) == "function"]
        words = {"connect"} if status == SWITCHING else set(re.findall(r"[a-z]{3,}", path.lower()))
        named = [hop for hop in hops if words & set(re.findall(r"[a-z]{3,}", hop.label.lower()))]
        return next(iter(named or hops), None)

    def straight(self, route: Route | None) -> Hop | None:
        """The edge of a route that reaches a queue, topic or table with no function between."""
        target = route.target if route else ""
        if not target or self.role(target) == "function":
            return None
        return next((hop for hop in self.hops if hop.target == target and hop.by == "integration"), None)

    def way(self, origins: Iterable[str], target: str) -> tuple[Hop, ...]:
        """The shortest way of a message from one of the origins to where it waits; empty if there is none."""
        waiting: deque[tuple[str, tuple[Hop, ...]]] = deque((origin, ()) for origin in origins)
        seen: set[str] = set()
        while waiting:
            here, way = waiting.popleft()
            if here == target:
                return way
            if here in seen or (way and self.role(here) in ("function", "gateway", "actor")):
                continue  # of a table, only what follows its changes hands on
            seen.add(here)
            for hop in self.hops:
                if hop.source == here and hop.by in _HANDS_ON:
                    waiting.append((hop.target, (*way, hop)))
        return ()

    def users(self, target: str, operation: str) -> list[Hop]:
        """The edges over which functions may ask `operation` (`PutItem`) of the resource."""
        wanted = self._permissions(target, operation)
        return [
            hop
            for hop in self.into(target, *USES)
            if any(fnmatchcase(one, action) for action in self.actions.get((hop.source, target), ()) for one in wanted)
        ]

    def _permissions(self, target: str, operation: str) -> list[str]:
        """The IAM actions, one of which allows the operation, in lower case."""
        place = self.places.get(target)
        service = registry().service_of(place.type) if place else None
        permissions = service.action_of.get(operation.lower(), ()) if service else ()
        return [permission.lower() for permission in permissions or (operation,)]

    def reads(self, target: str) -> bool:
        """Whether the place is one that functions work on within an invocation."""
        return self.role(target) in ("table", "other")


def sets_aside(hop: Hop) -> bool:
    """Whether only what failed goes along the edge."""
    return hop.by in KINDS and KINDS[hop.by].sets_aside


def graph_of(pattern: Pattern, variant: str = "pattern") -> Graph:
    """The map of the pattern, or of its naive twin."""
    if variant == "naive" and pattern.naive is not None:
        return _of_template(pattern, pattern.naive)
    template = pattern.template
    places = {
        node.id: Place(node.id, node.label, "actor") if node.actor else _place(template, node.id, node.label)
        for node in pattern.diagram.nodes
    }
    hops = tuple(Hop(edge.source, edge.target, edge.label, edge.kind, edge.by) for edge in pattern.diagram.edges)
    return Graph(places, hops, routes(template), proofs(template).actions)


def _of_template(pattern: Pattern, template: Template) -> Graph:
    """A map for a template without a diagram: the pattern's callers, then what the template joins."""
    actors = [Place(node.id, node.label, "actor") for node in pattern.diagram.nodes if node.actor]
    labels = {node.id: node.label for node in pattern.diagram.nodes}
    order = list(template.resources)
    joined = sorted(
        relations(template), key=lambda relation: (order.index(relation.source), order.index(relation.target))
    )
    gateways = [id for id in order if _role(template, id) == "gateway"]
    hops = [Hop(actor.id, gateway, "", "sync", "outside") for actor in actors for gateway in gateways]
    for relation in joined:
        later = KINDS[relation.kind].waits is False
        hops.append(Hop(relation.source, relation.target, "", "async" if later else "sync", relation.kind))
    named = dict.fromkeys(id for hop in hops for id in (hop.source, hop.target) if id in template.resources)
    ranks = ["gateway", "cache", "function", "queue", "topic", "table", "other"]
    resources = [_place(template, id, labels.get(id, spoken(id))) for id in named]
    resources.sort(key=lambda place: (ranks.index(place.role), order.index(place.id)))
    places = {place.id: place for place in (*actors, *resources)}
    return Graph(places, tuple(dict.fromkeys(hops)), routes(template), proofs(template).actions)


def spoken(id: str) -> str:
    """A logical id as words: `OrderQueue` becomes `Order queue`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", id) or [id]
    return " ".join([words[0], *(word if word.isupper() else word.lower() for word in words[1:])])


def _place(template: Template, id: str, label: str) -> Place:
    resource = template.resources.get(id)
    return Place(id, label, _role(template, id), resource.type if resource else "")


def _role(template: Template, id: str) -> Role:
    resource = template.resources.get(id)
    return registry().role(resource.type) if resource else "other"
