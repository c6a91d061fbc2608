import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.documents.prose.body import count_words, directives, headings, lines, links


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A queue absorbs the burst.", 5),
        ("**Two** `words`", 2),
        ("See [the docs](https://example.org/a-long/path) now", 4),
        ("least-privilege, don't, 1,000 and 0.20", 5),
        ("## A heading", 2),
        ("[[code functions/web/app.py#handler]]", 0),
        ("before\n\n```python\nnot counted at all\n```\n\nafter", 2),
        ("https://docs.aws.amazon.com/lambda/", 0),
        ("| a | b |\n|---|---|\n| 1 | 2 |", 4),
        ("", 0),
    ],
)
def test_words_are_those_a_reader_reads(text: str, words: int) -> None:
    assert count_words(text) == words


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=9), max_size=30))
def test_plain_words_are_counted_each(words: list[str]) -> None:
    assert count_words("\n".join(words)) == len(words)


@given(st.text())
def test_every_line_is_either_prose_or_code(text: str) -> None:
    found = list(lines(text))
    assert "\n".join(line.text for line in found) == text
    assert [line.number for line in found] == list(range(1, len(found) + 1))


def test_fences_close_with_their_own_mark() -> None:
    text = "a\n````md\n```\n## no\n```\n````\n## yes\n~~~\n## no\n~~~"
    assert headings(text) == [(7, "yes")]


def test_directives_know_their_section() -> None:
    found = directives("[[flow]]\n## One\n  [[code a.py#b]]\nText [[flow]]\n")
    assert [(each.name, each.argument, each.line, each.section) for each in found] == [
        ("flow", "", 1, ""),
        ("code", "a.py#b", 3, "One"),
    ]


def test_links_are_found_in_markdown_and_html_but_not_in_code() -> None:
    text = 'A [b](/c/ "Title") and `[no](/no/)` and <a href="/d/">e</a>.\n[f]: https://g.example/\n```\n[no](/no/)\n```'
    assert links(text) == [(1, "/c/"), (1, "/d/"), (2, "https://g.example/")]
