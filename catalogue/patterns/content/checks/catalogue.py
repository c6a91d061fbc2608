"""What only shows among all patterns together (titles, relations, links), and the site's own data."""

import difflib
from collections.abc import Iterator, Set
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from catalogue.patterns.content.checks.prose import anchors_remedy, linked_pattern
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.yaml_lines import read_yaml
from catalogue.patterns.content.pattern import Pattern, pattern_folders
from catalogue.patterns.costs.prices import PRICES_FILE, price_book
from catalogue.patterns.documents.prose import body as prose
from catalogue.patterns.services.known import services


def check(patterns: list[Pattern], content: Path) -> Iterator[ContentError]:
    by_slug = {pattern.slug: pattern for pattern in patterns}
    # A pattern that cannot be read is told of already: its neighbors need not complain of it too.
    unread = {folder.name for folder in pattern_folders(content)} - by_slug.keys()
    yield from _titles(patterns)
    yield from _aliases(patterns, by_slug.keys() | unread)
    for pattern in patterns:
        yield from _published(pattern)
        yield from _revised(pattern)
        yield from _related(pattern, by_slug, unread)
        yield from _links(pattern, by_slug, unread)


def check_own_data() -> Iterator[ContentError]:
    """prices.yaml: no content can be checked without them."""
    try:
        known = services().by_key
        book = price_book()
    except ContentError as error:
        yield error
        return
    for key, price in book.prices.items():
        if price.service not in known:
            yield ContentError(
                PRICES_FILE,
                read_yaml(PRICES_FILE, PRICES_FILE.read_text("utf-8")).line("prices", key),
                f"The price `{key}` names the service `{price.service}`, which is unknown.",
                f"Use the key of a service: {', '.join(known)}.",
                id="patterns.E060",
            )


def _titles(patterns: list[Pattern]) -> Iterator[ContentError]:
    first: dict[str, Pattern] = {}
    for pattern in sorted(patterns, key=lambda pattern: pattern.slug):
        other = first.setdefault(pattern.title.casefold(), pattern)
        if other is not pattern:
            yield ContentError(
                pattern.folder / "pattern.md",
                pattern.line("pattern.md", "title"),
                f"The title `{pattern.title}` is also used by {other.slug}.",
                "Give each pattern its own title.",
                id="patterns.E017",
            )


def _aliases(patterns: list[Pattern], slugs: Set[str]) -> Iterator[ContentError]:
    """That an earlier slug leads to one pattern: no present one has it, and no other had it."""
    first: dict[str, Pattern] = {}
    for pattern in sorted(patterns, key=lambda pattern: pattern.slug):
        for index, alias in enumerate(pattern.front.aliases):
            if alias in slugs:
                what = "is the slug of a pattern."
            elif alias in first:
                what = f"is an alias of {first[alias].slug} already."
            else:
                first[alias] = pattern
                continue
            yield ContentError(
                pattern.folder / "pattern.md",
                pattern.line("pattern.md", "aliases", index),
                f"The alias `{alias}` {what}",
                "Name a slug that only this pattern had, or leave it out.",
                id="patterns.E006",
            )


def _published(pattern: Pattern) -> Iterator[ContentError]:
    # A warning only: it may be the machine's clock that is wrong.
    front = pattern.front
    if not front.draft and front.updated > datetime.now(UTC).date():
        yield ContentError(
            pattern.folder / "pattern.md",
            pattern.line("pattern.md", "revised" if front.revised else "published"),
            f"The pattern is published on {front.updated}, which is in the future.",
            "Write the date of publication, or set `draft: true` until then.",
            id="patterns.W001",
        )


def _revised(pattern: Pattern) -> Iterator[ContentError]:
    """That a revision has a day of its own: feeds sort by it."""
    front = pattern.front
    if front.revision > 1 and front.revised is None:
        mistake = (
            "revision",
            f"Revision {front.revision} has no date.",
            "Add `revised:` with the date of this revision.",
        )
    elif front.revision == 1 and front.revised is not None:
        mistake = (
            "revised",
            "The date of the first revision is `published`.",
            "Remove `revised`, or raise `revision` to notify readers of the change.",
        )
    elif front.revised is not None and front.revised < front.published:
        mistake = (
            "revised",
            f"The pattern was revised on {front.revised}, before it was published on {front.published}.",
            "Keep `published` at the date of the first revision, and put the date of this one into `revised`.",
        )
    else:
        return
    name, what, remedy = mistake
    yield ContentError(
        pattern.folder / "pattern.md", pattern.line("pattern.md", name), what, remedy, id="patterns.E019"
    )


def _related(pattern: Pattern, by_slug: dict[str, Pattern], unread: set[str]) -> Iterator[ContentError]:
    seen: set[str] = set()
    for index, related in enumerate(pattern.front.related):
        mistake = _unlinkable(pattern, related.pattern, by_slug, unread)
        if related.pattern == pattern.slug:
            mistake = "is the pattern itself.", "Name another pattern, or remove this."
        elif related.pattern in seen:
            mistake = "is related twice.", "Keep the one relation that helps the reader most."
        seen.add(related.pattern)
        if mistake:
            yield ContentError(
                pattern.folder / "pattern.md",
                pattern.line("pattern.md", "related", index, "pattern"),
                f"The related pattern `{related.pattern}` {mistake[0]}",
                mistake[1],
                id="patterns.E014",
            )


def _unlinkable(pattern: Pattern, slug: str, by_slug: dict[str, Pattern], unread: set[str]) -> tuple[str, str] | None:
    """Why `pattern` cannot lead its readers to `slug`, and the remedy."""
    if slug in unread:
        return None
    if slug not in by_slug:
        renamed = next((other.slug for other in by_slug.values() if slug in other.front.aliases), None)
        if renamed is not None:
            return "was renamed.", f"Write `{renamed}`."
        close = difflib.get_close_matches(slug, [*by_slug, *unread], n=1)
        return "does not exist.", f"Did you mean `{close[0]}`?" if close else "Name an existing pattern folder."
    if by_slug[slug].front.draft and not pattern.front.draft:
        return "is a draft.", "Publish it first, or remove it."
    return None


def _links(pattern: Pattern, by_slug: dict[str, Pattern], unread: set[str]) -> Iterator[ContentError]:
    for line, target in prose.links(pattern.body):
        linked = linked_pattern(target)
        if linked is None:
            continue
        slug, rest = linked
        mistake = _unlinkable(pattern, slug, by_slug, unread)
        if mistake is None and slug in by_slug and not _has_page(by_slug[slug], rest):
            mistake = f"names `{rest}`, which {slug} does not have.", "Link the pattern or one of its files."
        elif mistake is None and slug in by_slug and not rest:
            mistake = _anchor_mistake(by_slug[slug], target)
        elif mistake is not None:
            mistake = f"leads to a pattern that {mistake[0]}", mistake[1]
        if mistake:
            yield ContentError(
                pattern.folder / "pattern.md",
                pattern.body_line + line - 1,
                f"The link `{target}` {mistake[0]}",
                mistake[1],
                id="patterns.E013",
            )


def _anchor_mistake(pattern: Pattern, target: str) -> tuple[str, str] | None:
    fragment = urlsplit(target).fragment
    known = prose.anchors(pattern.body)
    if not fragment or fragment in known:
        return None
    return f"names no heading of {pattern.slug}.", anchors_remedy(known)


def _has_page(pattern: Pattern, rest: str) -> bool:
    """Whether `/patterns/<slug>/<rest>` is an address."""
    if rest.startswith("source/"):
        return any(file.path == rest.removeprefix("source/") for file in pattern.files)
    if rest in {"ledger/", "ledger.json"}:
        return pattern.ledger is not None
    return rest in {"", "project.zip", "diagram.svg", "diagram.png", "share.png"}
