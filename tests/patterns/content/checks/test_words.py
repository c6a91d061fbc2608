"""A pattern's texts use none of the words that the site does not use (E090)."""

import pytest

from tests.patterns.support.drafts import Draft, expect_one


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("pattern.md", "## Components\n", "## Components\n\nAll of it was mended.\n"),
        ("demo.yaml", "title: Say hello", "title: All of it was mended"),
        ("diagram.yaml", "invokes one function", "is mended, invokes one function"),
        ("template.yaml", "Resources:\n", "Resources:  # mended\n"),
        ("functions/web/app.py", "def handler(", "# mended\ndef handler("),
    ],
)
def test_a_listed_word_is_reported_with_its_line_and_what_to_write_instead(
    sample: Draft, file: str, old: str, new: str
) -> None:
    assert sample.mistakes() == []
    sample.replace(file, old, new)
    expect_one(
        sample.mistakes(),
        id="patterns.E090",
        file=file.rpartition("/")[2],
        line=sample.line_of(file, "mended"),
        message="`mended` is not a word of this site",
        remedy="fix, repair",
    )


def test_code_in_prose_may_hold_any_word(sample: Draft) -> None:
    sample.replace("pattern.md", "## Components\n", "## Components\n\nThe field `nobody`.\n\n```\nnobody\n```\n")
    assert sample.mistakes() == []
