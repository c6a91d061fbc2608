"""The Atom feed (RFC 4287): one entry for each pattern's present revision, so a new one shows up."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape

from catalogue.patterns.content.cards import Listed

MOST_ENTRIES = 50


def atom(patterns: Iterable[Listed], site_url: str, site_name: str) -> str:
    """The newest revisions first; `site_url` has no trailing slash."""
    newest = sorted(patterns, key=lambda pattern: (pattern.front.updated, pattern.slug), reverse=True)
    feed = Atom1Feed(
        title=site_name,
        link=f"{site_url}/",
        subtitle="New and revised serverless architecture patterns.",
        description="",
        feed_url=f"{site_url}/feed.atom",
        author_name=site_name,
        author_link=f"{site_url}/",
        language="en",
    )
    for pattern in newest[:MOST_ENTRIES]:
        front, address = pattern.front, f"{site_url}{pattern.url}"
        # RFC 4287, 4.2.6: an id never changes, also when the entry moves to another address.
        born = f"{site_url}/patterns/{front.aliases[0]}/" if front.aliases else address
        revised = f" (revision {front.revision})" if front.revision > 1 else ""
        feed.add_item(
            title=f"{front.title}{revised}",
            link=address,
            description=escape(f"{front.change} {front.summary}"),  # the feed calls it HTML
            unique_id=f"{born}#revision-{front.revision}",
            pubdate=_midnight(front.published),
            updateddate=_midnight(front.updated),
            categories=[service.name for service in pattern.services],
        )
    return str(feed.writeString("utf-8"))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
