"""The diagram against the template: nodes are resources, edges proven, nothing that moves data left out."""

import difflib
from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.proofs import proofs, relations
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Edge, Node
from catalogue.patterns.services.kinds import KINDS
from catalogue.patterns.services.known import services
from catalogue.patterns.services.model import Relation
from catalogue.patterns.services.registry import registry


def check(pattern: Pattern) -> Iterator[ContentError]:
    yield from _nodes(pattern)
    yield from _edges(pattern)
    yield from _left_out(pattern)
    yield from _flow(pattern)
    yield from _counters(pattern)


def name_of(edge: Edge) -> str:
    return f"{edge.source}>{edge.target}"


def _wrong(pattern: Pattern, location: tuple[str | int, ...], message: str, remedy: str, id: str) -> ContentError:
    return ContentError(
        pattern.folder / "diagram.yaml", pattern.line("diagram.yaml", *location), message, remedy, id=id
    )


def _nodes(pattern: Pattern) -> Iterator[ContentError]:
    ids: set[str] = set()
    places: dict[tuple[int, int], str] = {}
    touched = {id for edge in pattern.diagram.edges for id in (edge.source, edge.target)}
    for index, node in enumerate(pattern.diagram.nodes):
        yield from _bound(pattern, index, node)
        if node.id in ids:
            yield _wrong(
                pattern,
                ("nodes", index, "id"),
                f"The node `{node.id}` is drawn twice.",
                "Keep one of them.",
                "patterns.E025",
            )
        elif node.at in places:
            yield _wrong(
                pattern,
                ("nodes", index, "at"),
                f"`{node.id}` is at {list(node.at)}, where `{places[node.at]}` is already.",
                "Give each node its own place: `at: [column, row]`.",
                "patterns.E025",
            )
        if node.id not in touched:
            yield _wrong(
                pattern,
                ("nodes", index, "id"),
                f"No edge touches the node `{node.id}`.",
                "Draw an edge for it, or remove it.",
                "patterns.E021",
            )
        ids.add(node.id)
        places.setdefault(node.at, node.id)


def _bound(pattern: Pattern, index: int, node: Node) -> Iterator[ContentError]:
    known = pattern.template.resources
    if node.actor is None and node.id not in known:
        close = difflib.get_close_matches(node.id, known, n=1)
        guess = f"Did you mean `{close[0]}`? " if close else ""
        yield _wrong(
            pattern,
            ("nodes", index, "id"),
            f"The node `{node.id}` is not a resource of template.yaml.",
            f"{guess}Use a logical id of the template, or set `actor:` for something outside the template.",
            "patterns.E021",
        )
    elif node.actor is not None and node.id in known:
        yield _wrong(
            pattern,
            ("nodes", index, "actor"),
            f"The actor `{node.id}` has the same name as a resource of template.yaml.",
            "Remove `actor:` if you mean the resource, or choose another ID.",
            "patterns.E021",
        )


def _edges(pattern: Pattern) -> Iterator[ContentError]:
    if refused := proofs(pattern.template).refused:
        yield ContentError(
            pattern.template.path,
            pattern.template.line("Resources"),
            f"SAM refuses the template, so it proves no edge of the diagram: {refused}",
            "Correct the resource that the message names.",
            id="patterns.E022",
        )
        return
    proven = relations(pattern.template)
    actors = {node.id: node.actor is not None for node in pattern.diagram.nodes}
    drawn: set[str] = set()
    for index, edge in enumerate(pattern.diagram.edges):
        name = name_of(edge)
        place: tuple[str | int, ...] = ("edges", index)
        unknown = [key for key in ("source", "target") if getattr(edge, key) not in actors]
        for key in unknown:
            yield _wrong(
                pattern,
                (*place, key),
                f"The edge {name} ends at `{getattr(edge, key)}`, which is not a node.",
                f"The nodes are {', '.join(actors)}.",
                "patterns.E022",
            )
        if name in drawn:
            yield _wrong(pattern, place, f"The edge {name} is drawn twice.", "Keep one of them.", "patterns.E025")
        drawn.add(name)
        if not unknown:
            yield from _ends(pattern, index, edge, actors)
            yield from _proof(pattern, index, edge, actors, proven)
            yield from _kind(pattern, index, edge)


def _ends(pattern: Pattern, index: int, edge: Edge, actors: dict[str, bool]) -> Iterator[ContentError]:
    ends = actors[edge.source] + actors[edge.target]
    if edge.by == "outside" and ends != 1:
        what = "two resources" if ends == 0 else "two actors"
        yield _wrong(
            pattern,
            ("edges", index, "by"),
            f"The edge {name_of(edge)} is `outside`, but joins {what}.",
            "`outside` has an actor at exactly one end: name the relation in the template instead."
            if ends == 0
            else "Draw only edges that involve the template.",
            "patterns.E022",
        )
    elif edge.by != "outside" and ends:
        actor = edge.source if actors[edge.source] else edge.target
        yield _wrong(
            pattern,
            ("edges", index, "by"),
            f"The edge {name_of(edge)} is `{edge.by}`, but `{actor}` is an actor outside the template.",
            "Write `by: outside`.",
            "patterns.E022",
        )


def _proof(
    pattern: Pattern,
    index: int,
    edge: Edge,
    actors: dict[str, bool],
    proven: tuple[Relation, ...],
) -> Iterator[ContentError]:
    if edge.by == "outside" or actors[edge.source] or actors[edge.target]:
        return
    if not {edge.source, edge.target} <= pattern.template.resources.keys():
        return
    between = [relation for relation in proven if {relation.source, relation.target} == {edge.source, edge.target}]
    if any(relation.kind == edge.by and relation.source == edge.source for relation in between):
        return
    needed = KINDS[edge.by].needs.format(source=edge.source, target=edge.target)
    has = [f"`{relation.source}>{relation.target}` by `{relation.kind}` (in {relation.proof})" for relation in between]
    yield _wrong(
        pattern,
        ("edges", index),
        f"The template does not prove the edge {name_of(edge)}: it needs {needed}{_why(pattern, edge, between)}.",
        f"Between the two, the template has {', '.join(has)}: draw that, or change the template."
        if has
        else "The template has no relation between these two. Add what is needed there, or remove the edge.",
        "patterns.E022",
    )


def _why(pattern: Pattern, edge: Edge, between: list[Relation]) -> str:
    """What is missing between the two, where the template has a part of it."""
    if edge.by == "environment" and any(relation.kind == "policy" for relation in between):
        return ". The permission is there, but no environment variable refers to it"
    missing = [
        one
        for one in proofs(pattern.template).not_proven
        if (one.kind, one.source, one.target) == (edge.by, edge.source, edge.target)
    ]
    return "".join(f". `{one.proof}` has a part of it, but {one.reason}" for one in missing)


def _kind(pattern: Pattern, index: int, edge: Edge) -> Iterator[ContentError]:
    waits = KINDS[edge.by].waits if edge.by in KINDS else None
    right = edge.kind if waits is None else "sync" if waits else "async"
    if edge.kind != right:
        yield _wrong(
            pattern,
            ("edges", index, "kind"),
            f"The edge {name_of(edge)} is drawn `{edge.kind}`, but {edge.by} is {right}hronous.",
            f"Write `kind: {right}`.",
            "patterns.E022",
        )


def _left_out(pattern: Pattern) -> Iterator[ContentError]:
    drawn = {node.id for node in pattern.diagram.nodes}
    for resource in pattern.template.resources.values():
        service = services().by_type.get(resource.type)
        if service and resource.type in service.pictured and resource.id not in drawn:
            yield _wrong(
                pattern,
                ("nodes",),
                f"`{resource.id}` ({resource.type}) moves data, but is missing from the diagram.",
                f"Add a node with `id: {resource.id}` and draw its edges.",
                "patterns.E023",
            )


def _flow(pattern: Pattern) -> Iterator[ContentError]:
    """Each step names drawn edges, and each drawn edge is told: an arrow without a number tells nothing."""
    drawn = [name_of(edge) for edge in pattern.diagram.edges]
    told: set[str] = set()
    for index, step in enumerate(pattern.diagram.flow):
        for position, name in enumerate(step.edges):
            told.add(name)
            if name not in drawn:
                close = difflib.get_close_matches(name, drawn, n=1)
                guess = f"Did you mean `{close[0]}`? " if close else ""
                yield _wrong(
                    pattern,
                    ("flow", index, "edges", position),
                    f"Step {index + 1} of the flow names the edge `{name}`, which is not drawn.",
                    f"{guess}The edges are {', '.join(drawn)}.",
                    "patterns.E024",
                )
    for index, name in enumerate(drawn):
        if name not in told:
            yield _wrong(
                pattern,
                ("edges", index),
                f"No step of the flow mentions the edge {name}.",
                f"Name it in a step (`edges: [{name}]`), so that readers learn what it carries.",
                "patterns.E024",
            )


def _counters(pattern: Pattern) -> Iterator[ContentError]:
    """Each stands at a node that is drawn, and counts what the pattern's functions can do."""
    drawn = {node.id for node in pattern.diagram.nodes}
    functions = [id for id, one in pattern.template.resources.items() if registry().role(one.type) == "function"]
    for index, counter in enumerate(pattern.diagram.counters):
        if counter.node not in drawn:
            yield _wrong(
                pattern,
                ("counters", index, "node"),
                f"A counter stands at `{counter.node}`, which is not a node.",
                f"The nodes are {', '.join(sorted(drawn))}.",
                "patterns.E021",
            )
        if counter.without is not None and counter.without not in functions:
            yield _wrong(
                pattern,
                ("counters", index, "without"),
                f"A counter waits for `{counter.without}`, which is not a function of template.yaml.",
                f"The functions are {', '.join(functions)}.",
                "patterns.E021",
            )
        if counter.step is not None and not _logged(pattern, counter.step):
            yield _wrong(
                pattern,
                ("counters", index, "step"),
                f"No function of the pattern logs the step `{counter.step}`.",
                "Write it as the handler's source has it.",
                "patterns.E021",
            )


def _logged(pattern: Pattern, step: str) -> bool:
    return any(step in path.read_text() for path in (pattern.folder / "functions").rglob("*.py"))
