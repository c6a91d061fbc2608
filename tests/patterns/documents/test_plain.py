"""The Markdown version: whole without the page around it."""

import re
from pathlib import Path
from typing import Any

import pytest

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.prose.plain import as_markdown, fenced
from tests.patterns.support.example import BODY, write_pattern

SITE = "https://patterns.example"
RELATED = "[{pattern: twin, relation: combines with, how: The twin waits instead.}]"


@pytest.fixture
def pattern(tmp_path: Path, settings: Any) -> Pattern:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path, related=RELATED, body=BODY + "\n```text\n[[flow]] stays\n[[costs]]\n```\n")
    write_pattern(tmp_path, "twin", title="Twin Counter")
    return library().get("parcel-counter")


def test_it_begins_with_title_question_answer_and_facts(pattern: Pattern) -> None:
    text = as_markdown(pattern, SITE)

    assert text.startswith("# Parcel Counter\n\nA counter that hands a parcel over")
    assert "- Revision 2, 2 November 2026: Says what a courier pays." in text
    assert f"<{SITE}/patterns/parcel-counter/project.zip>" in text


def test_directives_are_expanded(pattern: Pattern) -> None:
    text = as_markdown(pattern, SITE)
    prose = re.sub(r"```text.*?```", "", text, flags=re.DOTALL)

    assert "[[" not in prose
    assert "```python\ndef handler(event" in text
    assert "1. The client asks for a greeting. (Client → REST API)" in text
    assert "| AWS Lambda | Requests | $0.20 per 1 million requests |" in text
    assert f"- combines with [Twin Counter]({SITE}/patterns/twin/): The twin waits instead." in text


def test_directives_in_code_stay_as_they_are(pattern: Pattern) -> None:
    assert "[[flow]] stays\n[[costs]]\n```" in as_markdown(pattern, SITE)


def test_links_within_the_site_become_absolute(pattern: Pattern) -> None:
    assert f"[the twin]({SITE}/patterns/twin/)" in as_markdown(pattern, SITE)


def test_a_fence_is_longer_than_the_backticks_inside() -> None:
    assert fenced("a\n````\nb", "md") == "`````md\na\n````\nb\n`````"


def test_every_published_pattern_reads_whole() -> None:
    for pattern in library().patterns():
        text = as_markdown(pattern, SITE)
        outside_code = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r"^\[\[", outside_code, re.MULTILINE), pattern.slug
        assert "](/" not in outside_code, pattern.slug
