"""The Markdown of pattern.md: its sections, the places of its directives, its length and its links."""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, resolve

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose import body as prose

WORDS = range(900, 1901)
PLACES = {"flow": "How a request travels", "costs": "What it costs", "related": "Related patterns"}
SOURCES = {
    "What goes wrong": ("https://docs.aws.amazon.com/", "https://aws.amazon.com/"),
    "Further reading": ("https://",),
}
_INLINE_CODE = re.compile(r"(`+).*?\1")
_SLUG_LINK = re.compile(r"^/patterns/([^/]+)/(.*)$")


def check(pattern: Pattern) -> Iterator[ContentError]:
    yield from _sections(pattern)
    yield from _directives(pattern)
    yield from _length(pattern)
    yield from _links(pattern)
    yield from _sources(pattern)


def _wrong(pattern: Pattern, line: int, message: str, remedy: str, id: str) -> ContentError:
    """`line` counts from 1 in the body."""
    return ContentError(pattern.folder / "pattern.md", pattern.body_line + line - 1, message, remedy, id=id)


def _sections(pattern: Pattern) -> Iterator[ContentError]:
    found = prose.headings(pattern.body)
    expected = iter(prose.SECTIONS)
    for line, title in found:
        wanted = next(expected, None)
        if title != wanted:
            yield _wrong(
                pattern,
                line,
                f"The section `{title}` is where "
                + (f"`{wanted}` belongs." if wanted else "the body should have ended."),
                f"The sections are, in this order: {', '.join(prose.SECTIONS)}.",
                "patterns.E010",
            )
            return
    missing = next(expected, None)
    last_line = pattern.body.rstrip("\n").count("\n") + 1
    if missing:
        yield _wrong(
            pattern,
            last_line,
            f"The section `{missing}` is missing.",
            f"Add `## {missing}` here. The sections are, in this order: {', '.join(prose.SECTIONS)}.",
            "patterns.E010",
        )
    yield from _empty_sections(pattern, [*found, (last_line + 1, "")])
    yield from _titles(pattern)


def _empty_sections(pattern: Pattern, found: list[tuple[int, str]]) -> Iterator[ContentError]:
    lines = pattern.body.split("\n")
    for (line, title), (following, _) in pairwise(found):
        if not "".join(lines[line : following - 1]).strip():
            yield _wrong(pattern, line, f"The section `{title}` is empty.", "Write it.", "patterns.E010")


def _titles(pattern: Pattern) -> Iterator[ContentError]:
    for line in prose.lines(pattern.body):
        if not line.code and line.text.startswith("# "):
            yield _wrong(
                pattern,
                line.number,
                "The body has a first-level heading.",
                "Remove it: the page's heading is the front matter's `title`.",
                "patterns.E010",
            )


def _directives(pattern: Pattern) -> Iterator[ContentError]:
    found = prose.directives(pattern.body)
    headings = {title: line for line, title in prose.headings(pattern.body)}
    for name, section in PLACES.items():
        uses = [directive for directive in found if directive.name == name]
        for use in uses:
            if use.section != section:
                yield _wrong(
                    pattern,
                    use.line,
                    f"`[[{name}]]` is in `{use.section}`.",
                    f"Move it to the section `{section}`.",
                    "patterns.E011",
                )
        for extra in uses[1:]:
            yield _wrong(pattern, extra.line, f"`[[{name}]]` is repeated here.", "Keep one of them.", "patterns.E011")
        if not uses and section in headings:
            yield _wrong(
                pattern,
                headings[section],
                f"`[[{name}]]` is missing.",
                f"Put it on its own line in the section `{section}`.",
                "patterns.E011",
            )
    alone = {directive.line for directive in found}
    for line in prose.lines(pattern.body):
        if not line.code and line.number not in alone and "[[" in _INLINE_CODE.sub("", line.text):
            yield _wrong(
                pattern,
                line.number,
                "`[[` is inside a line, or its directive is malformed.",
                "Put the directive on its own line, as in `[[code path#fragment]]`.",
                "patterns.E011",
            )


def _sources(pattern: Pattern) -> Iterator[ContentError]:
    """A limit without AWS's word for it is hearsay, and a reading list without a link is none."""
    if pattern.front.draft:
        return
    titles = prose.headings(pattern.body)
    for (line, title), (following, _) in pairwise([*titles, (pattern.body.count("\n") + 2, "")]):
        sources = SOURCES.get(title)
        within = (target for at, target in prose.links(pattern.body) if line < at < following)
        if sources is not None and not any(target.startswith(sources) for target in within):
            yield _wrong(
                pattern,
                line,
                f"The section `{title}` links no source.",
                f"Link at least one page that begins with {' or '.join(sources)}.",
                "patterns.E018",
            )


def _length(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.front.draft or pattern.words in WORDS:
        return
    least, most = WORDS[0], WORDS[-1]
    too = "short" if pattern.words < least else "long"
    yield _wrong(
        pattern,
        1,
        f"The prose has {pattern.words} words: too {too}.",
        f"Write {least} to {most} words (code does not count), or set `draft: true`.",
        "patterns.E012",
    )


def _links(pattern: Pattern) -> Iterator[ContentError]:
    for line, target in prose.links(pattern.body):
        wrong = _link_mistake(pattern, target)
        if wrong:
            yield _wrong(pattern, line, f"The link `{target}` {wrong[0]}", wrong[1], "patterns.E013")


def _link_mistake(pattern: Pattern, target: str) -> tuple[str, str] | None:
    """What is wrong with a link by itself, and the remedy; links to patterns are checked with all of them."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        if parts.scheme == "https" and parts.netloc:
            return None
        return "is not an https address.", "Link the https address."
    if target.startswith("#"):
        known = prose.anchors(pattern.body)
        return None if target[1:] in known else ("does not match a heading of the page.", anchors_remedy(known))
    if not target.startswith("/"):
        return "is relative.", "Start it with `/`, as in `/patterns/<slug>/`, or with `https://`."
    if _SLUG_LINK.match(parts.path) or _resolves(parts.path):
        return None
    return "does not exist on this site.", "Link `/patterns/<slug>/` or another address of the site."


def anchors_remedy(known: set[str]) -> str:
    return f"The headings are {', '.join(f'`#{anchor}`' for anchor in sorted(known))}."


def _resolves(path: str) -> bool:
    try:
        match = resolve(path)
    except Resolver404:
        return False
    except (ImportError, ImproperlyConfigured):
        # No address can be told from any other: Django's own checks say what is wrong with the URLs.
        return True
    # The last URL pattern takes every path to answer a helpful 404: it has no name.
    return bool(match.url_name)


def linked_pattern(target: str) -> tuple[str, str] | None:
    """The slug that a link leads to, and the rest of the path below it."""
    match = _SLUG_LINK.match(urlsplit(target).path) if target.startswith("/") else None
    return (match[1], match[2]) if match else None
