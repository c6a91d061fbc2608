"""Everything that can be wrong with content, found whole and at once by `manage.py check`.

Each module holds one kind of check: a function from a pattern to its mistakes, which carry id, file, line and
remedy (`catalogue.patterns.content.parsing.mistakes` lists the ids). Only the `check` command lints templates,
because that takes seconds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from catalogue.patterns.content.checks import (
    catalogue,
    challenges,
    compare,
    demo,
    deploying,
    diagram,
    functions,
    ledger,
    levers,
    prose,
    recorded,
    rendering,
    sliders,
    template,
    words,
)
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern, read_patterns


def content_mistakes(content: Path) -> list[ContentError]:
    """Every mistake in the patterns under `content`, by file and line; templates are not linted."""
    patterns, mistakes = read_patterns(content)
    mistakes.extend(catalogue.check(patterns, content))
    for pattern in patterns:
        mistakes.extend(pattern_mistakes(pattern))
    return sorted(mistakes, key=lambda mistake: (str(mistake.file), mistake.line, mistake.id))


def pattern_mistakes(pattern: Pattern) -> Iterator[ContentError]:
    """What is wrong with one pattern by itself."""
    yield from rendering.check(pattern)
    yield from prose.check(pattern)
    yield from words.check(pattern)
    yield from template.check(pattern)
    yield from functions.check(pattern)
    yield from deploying.check(pattern)
    yield from diagram.check(pattern)
    yield from demo.check(pattern)
    yield from levers.check(pattern)
    yield from compare.check(pattern)
    yield from challenges.check(pattern)
    yield from sliders.check(pattern)
    yield from ledger.check(pattern)
    yield from recorded.check(pattern)


def as_message(mistake: ContentError) -> CheckMessage:
    """A mistake as Django's checks print it."""
    kind = Warning if mistake.is_warning else Error
    return kind(f"{mistake.where}: {mistake.message}", hint=mistake.remedy, id=mistake.id)


def check_content(**_: Any) -> list[CheckMessage]:
    """The system check over the site's own data and all of CONTENT_DIR."""
    own = list(catalogue.check_own_data())
    return [as_message(mistake) for mistake in own or content_mistakes(settings.CONTENT_DIR)]
