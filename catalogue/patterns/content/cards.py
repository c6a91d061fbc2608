"""What lists, feeds and other patterns' pages tell of a pattern: all of it that has to be at hand at any time.

A whole pattern holds every file, parsed; a thousand of them would fill the memory. A card is some kilobytes.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from django.utils.safestring import SafeString

from catalogue.patterns.content.pattern import Pattern, recording_hash
from catalogue.patterns.content.schemas.ledger import Ledger
from catalogue.patterns.content.schemas.pattern import FrontMatter
from catalogue.patterns.diagrams.svg import render_sketch
from catalogue.patterns.services.known import Service


class Listed(Protocol):
    """What a card and a whole pattern have in common."""

    @property
    def slug(self) -> str: ...
    @property
    def front(self) -> FrontMatter: ...
    @property
    def title(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def services(self) -> tuple[Service, ...]: ...
    @property
    def runnable(self) -> bool: ...
    @property
    def ledger(self) -> Ledger | None: ...


@dataclass(frozen=True)
class Card:
    slug: str
    front: FrontMatter
    services: tuple[Service, ...]
    runnable: bool
    ledger: Ledger | None
    files: tuple[str, ...]
    """Paths of the files that readers may see."""
    sketch: SafeString
    """The diagram without its words, as SVG."""
    boxes: int
    """How many nodes the diagram has."""
    kinds: frozenset[str]
    """Of its arrows: `sync`, `async`."""
    content_hash: str
    recording_hash: str
    recorded: bool
    """Whether it has a recorded run of its present content."""
    outline: str
    """SHA-256 of what other patterns' pages tell of it."""

    @property
    def title(self) -> str:
        return self.front.title

    @property
    def level(self) -> int:
        return self.front.level

    @property
    def url(self) -> str:
        return f"/patterns/{self.slug}/"


def card_of(pattern: Pattern) -> Card:
    return Card(
        slug=pattern.slug,
        front=pattern.front,
        services=pattern.services,
        runnable=pattern.runnable,
        ledger=pattern.ledger,
        files=tuple(file.path for file in pattern.files),
        sketch=render_sketch(pattern),
        boxes=len(pattern.diagram.nodes),
        kinds=frozenset(edge.kind for edge in pattern.diagram.edges),
        content_hash=pattern.content_hash,
        recording_hash=recording_hash(pattern.folder),
        recorded=pattern.recorded is not None,
        outline=hashlib.sha256(f"{pattern.slug} {pattern.front.model_dump_json()}".encode()).hexdigest(),
    )
