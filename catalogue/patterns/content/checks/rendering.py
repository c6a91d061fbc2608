"""Mistakes that would keep a page from being rendered: a pattern that has one is left out of the library."""

import difflib
from collections.abc import Iterator

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.costs.prices import price_book
from catalogue.patterns.documents.prose.body import directives
from catalogue.patterns.documents.prose.code_refs import UnresolvedReference, resolve

BARE_DIRECTIVES = ("flow", "costs", "related")
DIRECTIVES = ("code", *BARE_DIRECTIVES)


def check(pattern: Pattern) -> Iterator[ContentError]:
    yield from _directives(pattern)
    yield from _prices(pattern)


def _directives(pattern: Pattern) -> Iterator[ContentError]:
    file = pattern.folder / "pattern.md"
    for directive in directives(pattern.body):
        line = pattern.body_line + directive.line - 1
        if directive.name not in DIRECTIVES:
            close = difflib.get_close_matches(directive.name, DIRECTIVES, n=1)
            known = ", ".join(f"`[[{name}]]`" for name in DIRECTIVES)
            guess = f"Did you mean `[[{close[0]}]]`? " if close else ""
            yield ContentError(
                file,
                line,
                f"`[[{directive.name}]]` is not a directive.",
                f"{guess}The directives are {known}.",
                id="patterns.E011",
            )
        elif directive.name in BARE_DIRECTIVES and directive.argument:
            yield ContentError(
                file,
                line,
                f"`[[{directive.name}]]` takes no argument, but has `{directive.argument}`.",
                f"Write `[[{directive.name}]]`.",
                id="patterns.E011",
            )
        elif directive.name == "code":
            yield from _code(pattern, directive.argument, line)


def _code(pattern: Pattern, reference: str, line: int) -> Iterator[ContentError]:
    file = pattern.folder / "pattern.md"
    if not reference:
        yield ContentError(
            file,
            line,
            "`[[code]]` names no file.",
            "Write `[[code path]]` or `[[code path#fragment]]`, such as `[[code template.yaml#Api]]`.",
            id="patterns.E011",
        )
        return
    try:
        resolve(pattern, reference)
    except UnresolvedReference as error:
        yield ContentError(file, line, f"`[[code {reference}]]`: {error.message}", error.remedy, id="patterns.E016")


def _prices(pattern: Pattern) -> Iterator[ContentError]:
    known = price_book().prices
    for index, key in enumerate(pattern.front.prices):
        line = pattern.line("pattern.md", "prices", index)
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1, cutoff=0.4)
            guess = f"Did you mean `{close[0]}`? " if close else ""
            yield ContentError(
                pattern.folder / "pattern.md",
                line,
                f"There is no price `{key}`.",
                f"{guess}Use a key of catalogue/patterns/costs/prices.yaml, or add the price there.",
                id="patterns.E015",
            )
        elif key in pattern.front.prices[:index]:
            yield ContentError(
                pattern.folder / "pattern.md",
                line,
                f"The price `{key}` is listed twice.",
                "Remove one of them.",
                id="patterns.E015",
            )
