"""What a stack's parts are and how they are joined: the map on which a run's events are placed.

For the pattern it is its diagram; for the naive twin, which has none, the relations of its template. Everything here
is read from files that checks hold true, so an edge that is lit on this map exists in the stack.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from catalogue.patterns.checks.demo import matches
from catalogue.patterns.content import Pattern
from catalogue.patterns.policies import statements_of
from catalogue.patterns.relations import FUNCTIONS, action_prefix, relations
from catalogue.patterns.template import Route, Template

Role = Literal["actor", "gateway", "cache", "function", "queue", "topic", "table", "other"]

_ROLES: dict[str, Role] = {
    "AWS::ApiGateway::RestApi": "gateway",
    "AWS::ApiGatewayV2::Api": "gateway",
    "AWS::ApiGateway::Stage": "cache",
    "AWS::SQS::Queue": "queue",
    "AWS::SNS::Topic": "topic",
    "AWS::DynamoDB::Table": "table",
    **dict.fromkeys(FUNCTIONS, "function"),
}
_HANDS_ON = {"environment", "integration", "subscription", "rule"}
"""Relations by which a message goes on to where it waits."""
_WAITED_FOR = {"integration", "authorizer"}
"""Relations by which a gateway calls a function and waits."""
_ASKED_AS = {
    "transactwriteitems": {"putitem", "updateitem", "deleteitem", "conditioncheckitem"},
    "transactgetitems": {"getitem"},
    "batchwriteitem": {"batchwriteitem", "putitem", "deleteitem"},
    "publishbatch": {"publish"},
    "sendmessagebatch": {"sendmessage"},
    "invoke": {"invokefunction"},
}
"""The IAM actions that allow an operation, where it is not named like its action."""


@dataclass(frozen=True)
class Place:
    id: str
    label: str
    role: Role


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
    routes: tuple[tuple[Route, str], ...]
    """Each route with what its integration names ("" for none)."""
    actions: dict[tuple[str, str], frozenset[str]] = field(repr=False)
    """IAM actions that a function may do on a resource it is joined to, lower case."""

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
            direct = [hop for hop in hops if hop.by == "environment" and self.role(hop.source) == "function"]
            return [hop for hop in hops if hop.by in _WAITED_FOR] + direct
        return [hop for hop in hops if hop.by in ("event-source", "subscription", "rule")]

    def route(self, method: str, path: str) -> Route | None:
        """The route that API Gateway chooses: a literal segment before a parameter before a greedy one."""
        path = path.partition("?")[0]
        fitting = [route for route, _ in self.routes if matches(route, method, path)]
        return min(fitting, key=lambda route: (route.path.count("+}"), route.path.count("{")), default=None)

    def arrival(self, path: str) -> Hop | None:
        """The edge by which a call arrives. Of several actors it is the one whose edge speaks of the path."""
        hops = [hop for hop in self.hops if hop.by == "outside" and self.role(hop.target) == "gateway"]
        words = set(re.findall(r"[a-z]{3,}", path.lower()))
        named = [hop for hop in hops if words & set(re.findall(r"[a-z]{3,}", hop.label.lower()))]
        return next(iter(named or hops), None)

    def straight(self, route: Route | None) -> Hop | None:
        """The edge of a route that reaches a queue, topic or table with no function between."""
        target = next((target for known, target in self.routes if known == route), "")
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
            if here in seen or (way and self.role(here) in ("function", "gateway", "actor", "table")):
                continue
            seen.add(here)
            for hop in self.hops:
                if hop.source == here and hop.by in _HANDS_ON:
                    waiting.append((hop.target, (*way, hop)))
        return ()

    def users(self, target: str, operation: str) -> list[Hop]:
        """The edges over which functions may ask `operation` (`PutItem`) of the resource."""
        wanted = _ASKED_AS.get(operation.lower(), {operation.lower()})
        return [
            hop
            for hop in self.into(target, "environment")
            if any(fnmatchcase(one, action) for action in self.actions.get((hop.source, target), ()) for one in wanted)
        ]

    def reads(self, target: str) -> bool:
        """Whether the place is one that functions work on within an invocation."""
        return self.role(target) in ("table", "other")


def graph_of(pattern: Pattern, variant: str = "pattern") -> Graph:
    """The map of the pattern, or of its naive twin."""
    if variant == "naive" and pattern.naive is not None:
        return _of_template(pattern, pattern.naive)
    template = pattern.template
    places = {
        node.id: Place(node.id, node.label, "actor" if node.actor else _role(template, node.id))
        for node in pattern.diagram.nodes
    }
    hops = tuple(Hop(edge.source, edge.target, edge.label, edge.kind, edge.by) for edge in pattern.diagram.edges)
    return Graph(places, hops, _routes(template), _actions(template, hops))


def _of_template(pattern: Pattern, template: Template) -> Graph:
    """A map for a template without a diagram: the pattern's callers, then what the template joins."""
    actors = [Place(node.id, node.label, "actor") for node in pattern.diagram.nodes if node.actor]
    labels = {node.id: node.label for node in pattern.diagram.nodes}
    order = list(template.resources)
    joined = [relation for relation in relations(template) if relation.target in template.resources]
    joined.sort(key=lambda relation: (order.index(relation.source), order.index(relation.target)))
    gateways = [id for id in order if _role(template, id) == "gateway"]
    hops = [Hop(actor.id, gateway, "", "sync", "outside") for actor in actors for gateway in gateways]
    for relation in joined:
        later = relation.kind in ("event-source", "subscription", "rule", "redrive")
        hops.append(Hop(relation.source, relation.target, "", "async" if later else "sync", relation.kind))
    named = dict.fromkeys(id for hop in hops for id in (hop.source, hop.target) if id in template.resources)
    ranks = ["gateway", "cache", "function", "queue", "topic", "table", "other"]
    resources = [Place(id, labels.get(id, spoken(id)), _role(template, id)) for id in named]
    resources.sort(key=lambda place: (ranks.index(place.role), order.index(place.id)))
    places = {place.id: place for place in (*actors, *resources)}
    return Graph(places, tuple(dict.fromkeys(hops)), _routes(template), _actions(template, tuple(hops)))


def spoken(id: str) -> str:
    """A logical id as words: `OrderQueue` becomes `Order queue`."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", id) or [id]
    return " ".join([words[0], *(word if word.isupper() else word.lower() for word in words[1:])])


def _role(template: Template, id: str) -> Role:
    resource = template.resources.get(id)
    return _ROLES.get(resource.type, "other") if resource else "other"


def _routes(template: Template) -> tuple[tuple[Route, str], ...]:
    targets = {
        relation.proof: relation.target for relation in sorted(relations(template)) if relation.kind == "integration"
    }
    return tuple((route, targets.get(route.method_logical_id, "")) for route in template.routes())


def _actions(template: Template, hops: tuple[Hop, ...]) -> dict[tuple[str, str], frozenset[str]]:
    found: dict[tuple[str, str], frozenset[str]] = {}
    for hop in hops:
        function, prefix = template.resources.get(hop.source), action_prefix(template, hop.target)
        if hop.by == "environment" and function is not None and prefix is not None:
            found[hop.source, hop.target] = frozenset(
                action.partition(":")[2].lower()
                for statement in statements_of(template, function)
                if hop.target in statement.resources
                for action in statement.actions
                if action.partition(":")[0].lower() == prefix
            )
    return found
