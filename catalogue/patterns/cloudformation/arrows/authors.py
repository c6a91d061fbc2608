"""From the resources that SAM makes back to those that the author wrote."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import mapping
from catalogue.patterns.content.parsing.yaml_lines import Document
from catalogue.patterns.services.model import NotProven, Relation, Route

_API_EVENTS = {"Api", "HttpApi"}
_IMPLICIT = {"ServerlessRestApi", "ServerlessHttpApi", "ServerlessWebSocketApi"}
IMPLICIT = "(implicit)"


class Authors:
    """The author's words for what is in a translated template."""

    def __init__(self, document: Document, translated: Mapping[str, Any], ambient: tuple[str, ...]) -> None:
        self._resources: Mapping[str, Any] = document.value["Resources"]
        self._own = [str(id) for id in document.value["Resources"]]
        self._made = translated["Resources"]
        self._ambient = ambient
        self.lines = {id: document.line("Resources", id) for id in self._own}

    def end(self, id: str) -> str | None:
        """The author's id of an arrow's end; None for a resource that only SAM knows of."""
        if id in self._own or id in self._ambient:
            return id
        return IMPLICIT if id in _IMPLICIT else None

    def proof(self, id: str) -> str:
        """The author's resource from which SAM made this one."""
        if id in self._own:
            return id
        made = self._made.get(id)
        connectors = made.get("Metadata", {}).get("aws:sam:connectors", {}) if isinstance(made, Mapping) else {}
        for connector in connectors:
            return self.proof(str(connector).partition(".")[0])
        starts = [own for own in self._own if id.startswith(own)]
        return max(starts, key=len, default=IMPLICIT if id in _IMPLICIT else id)

    def _has_api_event(self, target: str, relation: Relation) -> bool:
        """Whether the target itself asks for the calls of an API that SAM then writes into the API's definition."""
        body = self._resources.get(target)
        events = mapping(mapping(body).get("Properties")).get("Events")
        types = [text_of(mapping(event).get("Type")) for event in mapping(events).values()]
        return relation.kind == "integration" and relation.proof == relation.source and bool(_API_EVENTS & set(types))

    def relations(self, found: Iterable[Relation]) -> tuple[Relation, ...]:
        """The relations in the author's words. What passes through a resource that SAM made (a queue between topic and
        function) goes from end to end."""
        return tuple(dict.fromkeys(self._in_words(list(found))))

    def _in_words(self, relations: list[Relation]) -> Iterator[Relation]:
        for relation in self._straight(relations):
            source, target = self.end(relation.source), self.end(relation.target)
            if source and target and source != target:
                proof = target if self._has_api_event(target, relation) else self.proof(relation.proof)
                yield replace(relation, source=source, target=target, proof=proof)

    def arrows(self, relations: Iterable[Relation]) -> tuple[Relation, ...]:
        """The first relation of each pair of ends, in the order of the template."""
        found: dict[tuple[str, str], Relation] = {}
        for relation in relations:
            found.setdefault((relation.source, relation.target), relation)
        place = {id: index for index, id in enumerate([*self._ambient, IMPLICIT, *self._own])}
        return tuple(sorted(found.values(), key=lambda arrow: (place[arrow.source], place[arrow.target])))

    def _straight(self, relations: list[Relation]) -> Iterator[Relation]:
        yield from relations
        for first in relations:
            if self.end(first.target) is None:
                for second in relations:
                    if second.source == first.target:
                        yield replace(first, target=second.target, waits=first.waits and second.waits)

    def route(self, route: Route) -> Route:
        """In the author's words: of an event of SAM, the proof is the function that has it."""
        return replace(route, proof=self.proof(route.proof), target=self.end(route.target) or "")

    def missing(self, found: Iterable[NotProven], arrows: Iterable[Relation]) -> tuple[NotProven, ...]:
        """What was looked for and not found, without what another relation between the same ends proves."""
        pairs = {(arrow.source, arrow.target) for arrow in arrows}
        result: dict[tuple[str, str, str], NotProven] = {}
        for one in found:
            source, target = self.end(one.source) or self.proof(one.source), self.end(one.target) or one.target
            if (source, target) not in pairs and target not in self._made.keys() - self._own:
                missing = replace(one, source=source, target=target, proof=self.proof(one.proof))
                result.setdefault((source, target, one.kind), missing)
        return tuple(result.values())
