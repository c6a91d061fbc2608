"""What the subcommands do with the catalogue's patterns. Needs Django."""

import json
from collections.abc import Iterable
from pathlib import Path

from catalogue.management.terminal.refused import Refused
from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import UnknownPattern
from catalogue.patterns.documents.download.project import project_files
from catalogue.patterns.search.query import search


def published() -> list[Listed]:
    """The published patterns by level, then title."""
    return list(library().by_slug.values())


def found(words: str) -> list[Listed]:
    """The patterns that words find, best first."""
    return [result.pattern for result in search(words)]


def show(patterns: Iterable[Listed], *, as_json: bool) -> None:
    """Print a line for each pattern: slug, level, title and summary."""
    rows = list(patterns)
    width = max((len(row.slug) for row in rows), default=0)
    for row in rows:
        if as_json:
            print(
                json.dumps(
                    {
                        "slug": row.slug,
                        "title": row.title,
                        "level": row.level,
                        "summary": row.front.summary,
                        "services": [service.name for service in row.services],
                    }
                )
            )
        else:
            print(f"{row.slug:{width}}  {row.level}  {row.title}: {row.front.summary}")


def write(slug: str, wanted: Path | None) -> tuple[Path, int]:
    """Write the pattern's download as a folder: the folder, and how many files. Raises Refused."""
    try:
        pattern = library().get(slug)
    except UnknownPattern:
        raise Refused(f"There is no pattern {slug!r}: `serverless-patterns list` prints them.") from None
    folder = wanted or Path(pattern.slug)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} exists and is not empty: name another folder.")
    files = project_files(pattern)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return folder, len(files)
