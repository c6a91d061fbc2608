"""A pattern as a block of Markdown for a design document: what it answers, its diagram in Mermaid, and its sources."""

from catalogue.patterns.content.fidelity.ledgers import differing
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.exports.mermaid import mermaid
from catalogue.patterns.documents.prose.plain import costs_table, fenced


def block(pattern: Pattern, site_url: str) -> str:
    """`site_url` has no trailing slash."""
    front, page = pattern.front, f"{site_url}{pattern.url}"
    flow = [f"{number}. {' '.join(step.text.split())}" for number, step in enumerate(pattern.diagram.flow, 1)]
    parts = [
        f"## {front.title}",
        f"**{front.question}** {front.answer}",
        fenced(mermaid(pattern), "mermaid"),
        "\n".join(flow),
        costs_table(pattern),
        f"Source: [{front.title}]({page}), revision {front.revision}. "
        f"[Template and handlers]({page}project.zip). [Diagram for draw.io]({page}diagram.drawio).",
    ]
    if count := len(differing(pattern)):
        parts.append(f"In {count} points, [its lab differs from AWS]({page}ledger/).")
    return "\n\n".join(part for part in parts if part) + "\n"
