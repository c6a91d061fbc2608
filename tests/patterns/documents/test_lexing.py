"""The site's own way through Pygments' rules finds the tokens that Pygments finds."""

from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexer import RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, Operator, String, Text

from catalogue.patterns.content.pattern import LANGUAGES
from catalogue.patterns.documents.prose.lexing import tokens
from tests.support.site import ROOT

USED = sorted({*LANGUAGES.values(), "bash", "text", "console"})
WORDS = (
    'def class lambda async for None __init__ self f\' rb""" """ \' " {x!r:>{w}} \\ # @ é - : &a *a >- [ ] { } --- !Sub'
)
PIECES = st.sampled_from(
    [
        *WORDS.split(),
        "\n",
        "    ",
        " ",
        "\t",
        ": ",
        "|\n  ",
        "%YAML 1.2\n",
        "0x1f",
        "1_0.5e3",
        "```python\n",
        "```\n",
        "**",
        "> ",
    ]
)


@pytest.mark.parametrize("language", USED)
def test_every_file_of_the_catalogue_has_the_tokens_that_pygments_finds(language: str) -> None:
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=True)
    files = sorted(file for file in (ROOT / "patterns_content").rglob("*") if file.suffix in LANGUAGES)[::8]
    assert files

    for file in files:
        text = file.read_text("utf-8")
        assert list(tokens(lexer, text)) == list(lexer.get_tokens(text)), file


@pytest.mark.parametrize("language", USED)
@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(PIECES | st.text(max_size=5), max_size=30))
def test_any_text_has_the_tokens_that_pygments_finds(language: str, pieces: list[str]) -> None:
    lexer = get_lexer_by_name(language, stripnl=False, ensurenl=True)

    assert list(tokens(lexer, "".join(pieces))) == list(lexer.get_tokens("".join(pieces)))


class Awkward(RegexLexer):
    """Rules that refer to groups, set flags, match nothing, or leave more states than there are."""

    tokens: ClassVar = {
        "root": [
            (r"(?i)(a)b", Name.Other, "inner"),
            (r"(['\"])(.)\1", String),
            (r"(?P<open><)(?P<rest>\w)", Name),
            (r"x|xy", Keyword, ("inner", "#push", "#pop")),
            (r"(\d)(\d)?", Number),
        ],
        "inner": [(r"z", Operator, "#pop:5"), (r"(?=q)", Comment, "#pop"), (r"\w", Text)],
    }


@settings(max_examples=200, deadline=None)
@given(text=st.text(alphabet="aAbB'\"<>xyzq0 1\n?", max_size=40))
def test_awkward_rules_find_what_pygments_finds(text: str) -> None:
    lexer = Awkward()

    assert list(tokens(lexer, text)) == list(lexer.get_tokens(text))
