"""A pattern as JSON. The models are also the schemas of /openapi.json, so that the two cannot drift apart."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Help
from catalogue.patterns.documents.prose import blocks

Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ServiceDocument(Document):
    key: str
    name: str


class PatternSummary(Document):
    """A pattern as it stands in the list."""

    slug: str
    title: str
    level: Literal[100, 200, 300]
    """100 to start with, 300 for the hardest."""
    summary: str
    question: str
    """The problem in one sentence."""
    answer: str
    """The solution in one sentence."""
    helps_with: tuple[Help, ...]
    services: tuple[ServiceDocument, ...]
    """Derived from the template, in order of first use."""
    published: date
    """Day of the first revision."""
    revised: date | None
    """Day of the present revision; null while that is the first."""
    revision: int
    change: str
    """What the present revision changed."""
    runnable: bool
    """Whether a lab can be made of it: POST /labs/."""
    url: Url
    json_url: Url
    markdown_url: Url
    project_url: Url
    """A zip to deploy with the SAM CLI."""
    image_url: Url
    """1200 by 630 pixels."""


class PatternList(Document):
    patterns: tuple[PatternSummary, ...]
    """Those of this page, by level, then title."""
    total: int
    """How many patterns the filters leave, on all pages."""
    page: int
    """Counted from 1."""
    pages: int
    next: Url | None
    """The address of the next page; null on the last one."""


class NodeDocument(Document):
    id: str
    """A logical id of the template, or the name of an actor outside it."""
    label: str
    actor: Literal["client", "person", "system"] | None
    type: str | None
    """Resource type; null for an actor."""


class EdgeDocument(Document):
    source: str
    target: str
    label: str
    kind: Literal["sync", "async"]
    by: str
    """The relation of the template that proves the edge, or `outside`."""


class FlowDocument(Document):
    step: int
    edges: tuple[str, ...]
    """Written `Source>Target`."""
    text: str


class DiagramDocument(Document):
    description: str
    nodes: tuple[NodeDocument, ...]
    edges: tuple[EdgeDocument, ...]
    flow: tuple[FlowDocument, ...]
    svg_url: Url
    mermaid_url: Url
    drawio_url: Url


class CostDocument(Document):
    service: str
    charged_for: str
    usd: Decimal
    """List price in US dollars as a decimal string, first tier, before any allowance."""
    unit: str
    """What the price buys."""
    free: str
    """The monthly allowance that does not end; may be empty."""
    region: str
    source: Url
    as_of: date


class RelationDocument(Document):
    slug: str
    title: str
    relation: str
    how: str
    url: Url


class FileDocument(Document):
    path: str
    language: str
    lines: int
    url: Url
    """A page."""
    raw_url: Url
    """The text alone."""


class PatternDocument(PatternSummary):
    """Everything but the prose, which is at `markdown_url`."""

    words: int
    """Words of prose."""
    diagram: DiagramDocument
    costs: tuple[CostDocument, ...]
    related: tuple[RelationDocument, ...]
    files: tuple[FileDocument, ...]
    ledger_url: Url | None
    """How faithful its lab is to AWS, as JSON; null where it keeps no ledger."""
    content_hash: str
    """SHA-256 of the pattern's files, hexadecimal."""


def pattern_list(
    patterns: Sequence[Listed],
    site_url: str,
    *,
    total: int | None = None,
    page: int = 1,
    pages: int = 1,
    next_url: str | None = None,
) -> PatternList:
    """These patterns, which are all unless `total` says otherwise. `site_url` has no trailing slash."""
    return PatternList(
        patterns=tuple(PatternSummary(**_summary(pattern, site_url)) for pattern in patterns),
        total=len(patterns) if total is None else total,
        page=page,
        pages=pages,
        next=next_url,
    )


def pattern_document(pattern: Pattern, site_url: str) -> PatternDocument:
    """`site_url` has no trailing slash."""
    return PatternDocument(
        **_summary(pattern, site_url),
        words=pattern.words,
        diagram=_diagram(pattern, site_url),
        costs=tuple(
            CostDocument(
                service=cost.service,
                charged_for=cost.charged_for,
                usd=cost.usd,
                unit=cost.unit,
                free=cost.free,
                region=blocks.region(),
                source=cost.source,
                as_of=cost.as_of,
            )
            for cost in blocks.costs(pattern)
        ),
        related=tuple(
            RelationDocument(
                slug=other.slug,
                title=other.title,
                relation=other.relation,
                how=other.how,
                url=site_url + other.url,
            )
            for other in blocks.relations(pattern)
        ),
        files=tuple(
            FileDocument(
                path=file.path,
                language=file.language,
                lines=len(file.lines),
                url=f"{site_url}{pattern.url}source/{file.path}",
                raw_url=f"{site_url}{pattern.url}raw/{file.path}",
            )
            for file in pattern.files
        ),
        ledger_url=f"{site_url}{pattern.url}ledger.json" if pattern.ledger else None,
        content_hash=pattern.content_hash,
    )


def _summary(pattern: Listed, site_url: str) -> dict[str, object]:
    front, page = pattern.front, f"{site_url}{pattern.url}"
    return {
        "slug": pattern.slug,
        "title": front.title,
        "level": front.level,
        "summary": front.summary,
        "question": front.question,
        "answer": front.answer,
        "helps_with": front.helps_with,
        "services": tuple(ServiceDocument(key=each.key, name=each.name) for each in pattern.services),
        "published": front.published,
        "revised": front.revised,
        "revision": front.revision,
        "change": front.change,
        "runnable": pattern.runnable,
        "url": page,
        "json_url": f"{page.rstrip('/')}.json",
        "markdown_url": f"{page.rstrip('/')}.md",
        "project_url": f"{page}project.zip",
        "image_url": f"{page}share.png",
    }


def _diagram(pattern: Pattern, site_url: str) -> DiagramDocument:
    resources = pattern.template.resources
    return DiagramDocument(
        description=pattern.diagram.description,
        nodes=tuple(
            NodeDocument(
                id=node.id,
                label=node.label,
                actor=node.actor,
                type=resources[node.id].type if node.actor is None and node.id in resources else None,
            )
            for node in pattern.diagram.nodes
        ),
        edges=tuple(
            EdgeDocument(source=edge.source, target=edge.target, label=edge.label, kind=edge.kind, by=edge.by)
            for edge in pattern.diagram.edges
        ),
        flow=tuple(
            FlowDocument(step=number, edges=step.edges, text=step.text)
            for number, step in enumerate(pattern.diagram.flow, 1)
        ),
        svg_url=f"{site_url}{pattern.url}diagram.svg",
        mermaid_url=f"{site_url}{pattern.url}diagram.mmd",
        drawio_url=f"{site_url}{pattern.url}diagram.drawio",
    )
