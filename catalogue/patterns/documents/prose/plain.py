"""A pattern as one Markdown text that reads whole anywhere: directives expanded, links absolute."""

import re

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose import blocks
from catalogue.patterns.documents.prose.body import lines
from catalogue.patterns.documents.prose.code_refs import UnresolvedReference, resolve
from catalogue.patterns.documents.prose.markdown_ext import DIRECTIVE

_SITE_LINK = re.compile(r"(\]\(\s*<?|^\[[^\]]+\]:\s*<?)(/(?!/))")


def as_markdown(pattern: Pattern, site_url: str) -> str:
    """Title, the facts and the body; `site_url` (no trailing slash) makes the site's links absolute."""
    front = pattern.front
    facts = [
        f"Level {front.level}",
        f"Services: {', '.join(service.name for service in pattern.services)}",
        f"Helps with: {', '.join(front.helps_with)}",
        f"Revision {front.revision}, {blocks.in_words(front.updated)}: {front.change}",
        f"Page: <{site_url}{pattern.url}>",
        f"Project to deploy: <{site_url}{pattern.url}project.zip>",
    ]
    head = [
        f"# {front.title}",
        front.summary,
        f"**{front.question}** {front.answer}",
        "\n".join(f"- {fact}" for fact in facts),
    ]
    return "\n\n".join([*head, _body(pattern, site_url)]) + "\n"


def _body(pattern: Pattern, site_url: str) -> str:
    written = []
    for line in lines(pattern.body):
        match = None if line.code else DIRECTIVE.match(line.text)
        if match:
            written += ["", _expanded(pattern, match[1], match[2] or "", site_url), ""]
        else:
            written.append(line.text if line.code else _absolute(line.text, site_url))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(written)).strip()


def _absolute(text: str, site_url: str) -> str:
    return _SITE_LINK.sub(rf"\g<1>{site_url}\g<2>", text)


def _expanded(pattern: Pattern, name: str, argument: str, site_url: str) -> str:
    match name:
        case "code":
            return _code(pattern, argument)
        case "flow":
            return _flow(pattern)
        case "costs":
            return costs_table(pattern)
        case _:
            return related_list(pattern, site_url)


def _code(pattern: Pattern, reference: str) -> str:
    try:
        excerpt = resolve(pattern, reference)
    except UnresolvedReference as error:
        return f"({error.message})"
    return (
        f"`{excerpt.path}`, lines {excerpt.first_line}–{excerpt.last_line}:\n\n{fenced(excerpt.text, excerpt.language)}"
    )


def fenced(code: str, language: str) -> str:
    """A fenced block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in re.findall(r"`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def _flow(pattern: Pattern) -> str:
    steps = []
    for number, step in enumerate(pattern.diagram.flow, 1):
        ways = ", ".join(_in_words(pattern, edge) for edge in step.edges)
        steps.append(f"{number}. {' '.join(step.text.split())} ({ways})")
    return f"{' '.join(pattern.diagram.description.split())}\n\n" + "\n".join(steps)


def _in_words(pattern: Pattern, edge: str) -> str:
    labels = {node.id: node.label for node in pattern.diagram.nodes}
    source, _, target = edge.partition(">")
    return f"{labels.get(source, source)} → {labels.get(target, target)}"


def costs_table(pattern: Pattern) -> str:
    """The cost profile as a pipe table, with a sentence on what the prices are."""
    rows = [
        (
            cost.service,
            cost.charged_for,
            cost.price,
            cost.free or "–",
            f"[AWS, {blocks.in_words(cost.as_of)}]({cost.source})",
        )
        for cost in blocks.costs(pattern)
    ]
    header = ("Service", "Charged for", "Price", "Free every month", "Source")
    table = "\n".join(f"| {' | '.join(row)} |" for row in (header, ("---",) * 5, *rows))
    return f"List prices in US dollars, {blocks.region()}, first tier, before any free allowance:\n\n{table}"


def related_list(pattern: Pattern, site_url: str) -> str:
    """The related patterns as a list; empty if there are none."""
    return "\n".join(
        f"- {related.relation} [{related.title}]({site_url}{related.url}): {' '.join(related.how.split())}"
        for related in blocks.relations(pattern)
    )
