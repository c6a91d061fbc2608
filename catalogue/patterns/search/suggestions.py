"""Where someone with a wrong address may have wanted to go: the pattern or file of the nearest name."""

from difflib import get_close_matches

from catalogue.patterns.content.library import Library, library
from catalogue.web.errors import Suggestion

_MOST = 3


def near(path: str) -> list[Suggestion]:
    """At most three suggestions for an unknown path, nearest first."""
    return near_in(library(), path)


def near_in(library: Library, path: str) -> list[Suggestion]:
    segments = [segment for segment in path.lower()[:300].split("/") if segment]
    for place, segment in enumerate(segments):
        if segment in library.by_slug:
            return _within(library, segment, "/".join(segments[place + 1 :]))
    slugs = [
        slug
        for segment in segments
        for slug in get_close_matches(_stem(segment), list(library.by_slug), n=_MOST, cutoff=0.5)
    ]
    return [Suggestion(library.by_slug[slug].title, library.by_slug[slug].url) for slug in dict.fromkeys(slugs)][:_MOST]


def _stem(segment: str) -> str:
    return segment.rpartition(".")[0].replace("_", "-") or segment.replace("_", "-")


def _within(library: Library, slug: str, rest: str) -> list[Suggestion]:
    pattern = library.by_slug[slug]
    wanted = rest.removeprefix("source/").rpartition("/")[2]
    by_name: dict[str, list[str]] = {}
    for path in pattern.files:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    names = get_close_matches(wanted, list(by_name), n=_MOST, cutoff=0.6) if wanted else []
    files = [
        Suggestion(f"{path} of {pattern.title}", f"{pattern.url}source/{path}")
        for name in names
        for path in by_name[name]
    ]
    return [*files[: _MOST - 1], Suggestion(pattern.title, pattern.url)]
