"""The words of a pattern's texts: none that this site does not use (CONTRIBUTING.md has the list)."""

from collections.abc import Iterator

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose import body as prose
from catalogue.patterns.documents.prose import words


def check(pattern: Pattern) -> Iterator[ContentError]:
    """In every file that readers see, handlers' messages and comments and the tests in the download included."""
    for file in (*pattern.files, *pattern.tests):
        text = file.text
        if file.path == "pattern.md":
            text = "\n".join("" if line.code else line.text for line in prose.lines(text))
        for found in words.find(text):
            yield ContentError(
                pattern.folder / file.path,
                found.line,
                f"`{found.word}` is not a word of this site.",
                f"Write instead: {found.instead}.",
                id="patterns.E090",
            )
