"""The body of a pattern as safe HTML, section by section. The dialect is described in `markdown_ext`."""

import html
import re
import textwrap
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose import blocks
from catalogue.patterns.documents.prose.code_refs import UnresolvedReference, resolve
from catalogue.patterns.documents.prose.highlighting import highlight
from catalogue.patterns.documents.prose.markdown_ext import converter, inline, table_box_attributes

__all__ = ["Rendered", "Section", "highlight", "render_body"]

_HEADING = re.compile(r'<h2 id="([^"]+)">(.*?)</h2>\n?', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_KEPT = 512


@dataclass(frozen=True)
class Section:
    id: str
    """Of the heading, for links: `what-it-costs`."""
    title: str
    """Plain text."""
    html: SafeString
    """What follows the heading; the heading itself is left to the page. Its own headings are h3 and h4."""


@dataclass(frozen=True)
class Rendered:
    sections: tuple[Section, ...]


_cache: OrderedDict[tuple[object, ...], Rendered] = OrderedDict()
_lock = Lock()


def render_body(pattern: Pattern) -> Rendered:
    """Rendered once for each content, as long as the titles of related patterns stay the same."""
    key = (pattern.slug, pattern.content_hash, *blocks.relations(pattern))
    with _lock:
        if key in _cache:
            _cache.move_to_end(key)
            return _cache[key]
    rendered = Rendered(tuple(_sections(_to_html(pattern))))
    with _lock:
        _cache[key] = rendered
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    return rendered


def _to_html(pattern: Pattern) -> str:
    def expand(name: str, argument: str) -> str:
        match name:
            case "code":
                return code_figure(pattern, argument)
            case "flow":
                return flow_list(pattern)
            case "costs":
                return costs_table(pattern)
            case _:
                return related_list(pattern)

    return converter(expand).convert(pattern.body)


def _sections(page: str) -> list[Section]:
    # Raw HTML is never passed through, so an <h2> can only be a heading of ours.
    _, *parts = _HEADING.split(page)
    return [
        Section(id, html.unescape(_TAG.sub("", title)).strip(), mark_safe(body.strip()))  # noqa: S308
        for id, title, body in zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    ]


def code_figure(pattern: Pattern, reference: str) -> SafeString:
    """The lines that a reference stands for, captioned with their place in the file."""
    try:
        excerpt = resolve(pattern, reference)
    except UnresolvedReference as error:
        # The checks refuse such content; a page that is edited meanwhile stays readable.
        return format_html('<p class="content-error">{}</p>', f"{error.message} {error.remedy}")
    first, last = excerpt.first_line, excerpt.last_line
    span = f"line {first}" if first == last else f"lines {first}–{last}"
    return format_html(
        '<figure class="code" data-copy><figcaption><a href="{}source/{}#L{}"><code>{}</code></a> '
        '<span class="lines">{}</span></figcaption>{}</figure>',
        pattern.url,
        excerpt.path,
        first,
        excerpt.path,
        span,
        highlight(
            textwrap.dedent(excerpt.text),
            excerpt.language,
            first_line=first,
            anchors=False,
            label=f"{excerpt.path}, {span}",
        ),
    )


def flow_list(pattern: Pattern) -> SafeString:
    """The numbered steps of the diagram; a step names the edges that it travels."""
    items = format_html_join(
        "\n",
        '<li data-step="{}" data-edges="{}">{}</li>',
        (
            (number, " ".join(step.edges), mark_safe(inline(step.text)))  # noqa: S308
            for number, step in enumerate(pattern.diagram.flow, 1)
        ),
    )
    return format_html('<ol class="flow">\n{}\n</ol>', items)


def costs_table(pattern: Pattern) -> SafeString:
    """Unit prices with region, allowance, source and date."""
    rows = format_html_join(
        "\n",
        '<tr><th scope="row">{}</th><td>{}</td><td>{}</td><td>{}</td>'
        '<td><a href="{}" rel="noopener external">AWS, <time datetime="{}">{}</time></a></td></tr>',
        (
            (
                cost.service,
                cost.charged_for,
                cost.price,
                cost.free or "–",
                cost.source,
                cost.as_of.isoformat(),
                blocks.in_words(cost.as_of),
            )
            for cost in blocks.costs(pattern)
        ),
    )
    box = format_html_join(" ", '{}="{}"', table_box_attributes("Table: unit prices").items())
    return format_html(
        '<div {}><table class="costs"><caption>List prices in US dollars, {}, first tier, before any free '
        "allowance</caption>\n<thead><tr>"
        '<th scope="col">Service</th><th scope="col">Charged for</th><th scope="col">Price</th>'
        '<th scope="col">Free every month</th><th scope="col">Source</th></tr></thead>\n'
        "<tbody>\n{}\n</tbody></table></div>",
        box,
        blocks.region(),
        rows,
    )


def related_list(pattern: Pattern) -> SafeString:
    """The related patterns, each with its relation and what combining or choosing changes."""
    items = format_html_join(
        "\n",
        '<li><p class="relation"><span>{}</span> <a href="{}">{}</a></p><p>{}</p></li>',
        (
            (related.relation, related.url, related.title, mark_safe(inline(related.how)))  # noqa: S308
            for related in blocks.relations(pattern)
        ),
    )
    return format_html('<ul class="related">\n{}\n</ul>', items) if items else SafeString("")
