"""The pages that people read. Each view finds what it shows and hands it to its template."""

from dataclasses import dataclass
from itertools import groupby

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from catalogue.errors import Problem, read_only
from catalogue.patterns import filters, metadata
from catalogue.patterns.content import Pattern, UnknownPattern, library
from catalogue.patterns.render import highlight, render_body
from catalogue.patterns.search import search as find

LEVELS = {
    100: "One idea and one or two services. Every other pattern stands on these.",
    200: "Several services with something between them, so that speed and failure come apart.",
    300: "State, time and repetition: answers that come late, messages that come twice.",
}
LONGEST_QUERY = 200


@dataclass(frozen=True)
class Level:
    number: int
    what: str
    patterns: list[Pattern]


@read_only
def home(request: HttpRequest) -> HttpResponse:
    patterns = list(library().by_slug.values())
    levels = [
        Level(number, LEVELS[number], list(group))
        for number, group in groupby(patterns, key=lambda pattern: pattern.level)
    ]
    context = {"levels": levels, "count": len(patterns), "featured": _featured(patterns)}
    return render(request, "patterns/home.html", context)


def _featured(patterns: list[Pattern]) -> Pattern | None:
    """The one that shows most at a glance: it runs, has both kinds of arrow, and few boxes."""

    def rank(pattern: Pattern) -> tuple[bool, bool, int]:
        kinds = {edge.kind for edge in pattern.diagram.edges}
        return not pattern.runnable, len(kinds) < 2, len(pattern.diagram.nodes)

    return min(patterns, key=rank, default=None)


@read_only
def pattern_list(request: HttpRequest) -> HttpResponse:
    patterns = list(library().by_slug.values())
    chosen = filters.selection(request.GET, patterns)
    context = {
        "selection": chosen,
        "choices": filters.choices(patterns, chosen),
        "found": filters.apply(patterns, chosen),
        "total": len(patterns),
    }
    return render(request, "patterns/list.html", context)


@read_only
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    pattern = _pattern(slug)
    patterns = list(library().by_slug.values())
    place = [each.slug for each in patterns].index(slug)
    context = {
        "pattern": pattern,
        "sections": render_body(pattern).sections,
        "article": metadata.article(pattern, settings.SITE_NAME),
        "previous": patterns[place - 1] if place else None,
        "next": patterns[place + 1] if place + 1 < len(patterns) else None,
    }
    return render(request, "patterns/detail.html", context)


@read_only
def source(request: HttpRequest, slug: str, path: str) -> HttpResponse:
    """One file, highlighted or with `?plain=1` as it is. The path is looked up, never opened."""
    pattern = _pattern(slug)
    try:
        file = pattern.file(path)
    except KeyError:
        raise Problem(404, "No such file", f"The pattern {pattern.title} has no file of this name.") from None
    if request.GET.get("plain") == "1":
        return HttpResponse(file.text, content_type="text/plain; charset=utf-8")
    context = {
        "pattern": pattern,
        "file": file,
        "highlighted": highlight(file.text, file.language, label=file.path),
    }
    return render(request, "patterns/source.html", context)


@read_only
def search(request: HttpRequest) -> HttpResponse:
    query = " ".join(request.GET.get("q", "")[:LONGEST_QUERY].replace("\0", " ").split())
    return render(request, "patterns/search.html", {"query": query, "results": find(query) if query else []})


@read_only
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "patterns/about.html", {"count": len(library().by_slug)})


def _pattern(slug: str) -> Pattern:
    try:
        return library().get(slug)
    except UnknownPattern:
        raise Problem(404, "No such pattern", f"The catalogue has no pattern called {slug[:80]}.") from None
