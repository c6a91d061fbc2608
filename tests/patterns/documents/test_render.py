"""Bodies as HTML: sections, code from the real files, and nothing that could harm a reader."""

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.documents.prose.markdown_ext import converter, inline, sentence_converter
from catalogue.patterns.documents.prose.render import highlight, render_body
from tests.patterns.support.example import BODY, write_pattern

RELATED = "[{pattern: twin, relation: combines with, how: The twin *waits* instead.}]"


@pytest.fixture
def pattern(tmp_path: Path, settings: Any) -> Pattern:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path, related=RELATED)
    write_pattern(tmp_path, "twin", title="Twin Counter")
    return library().get("parcel-counter")


def html_of(pattern: Pattern, section: str) -> str:
    return next(str(part.html) for part in render_body(pattern).sections if part.id == section)


def test_the_body_is_split_at_its_headings(pattern: Pattern) -> None:
    sections = render_body(pattern).sections

    assert [section.title for section in sections][:2] == ["The problem", "The solution"]
    assert sections[2].id == "how-a-request-travels"
    assert all("<h2" not in section.html for section in sections)


def test_headings_inside_a_section_have_ids(pattern: Pattern) -> None:
    assert '<h3 id="where-the-money-goes">' in html_of(pattern, "what-it-costs")


def test_a_code_reference_shows_the_file_as_it_is_with_its_place(pattern: Pattern) -> None:
    html = html_of(pattern, "the-solution")
    lines = pattern.file("functions/web/app.py").lines
    first = lines.index(next(line for line in lines if line.startswith("def handler"))) + 1

    assert '<figure class="code" data-copy>' in html
    assert f'href="/patterns/parcel-counter/source/functions/web/app.py#L{first}"' in html
    shown = re.sub(r"<[^>]+>", "", html.partition("<pre")[2].partition("</pre>")[0])
    assert "def handler(event: dict[str, Any], context: object)" in shown
    assert f'data-n="{first}"' in html
    assert "id=" not in html.partition("<pre")[2].partition("</pre>")[0]


def test_a_reference_that_leads_nowhere_is_reported_and_breaks_nothing(pattern: Pattern, tmp_path: Path) -> None:
    folder = write_pattern(tmp_path, "odd", title="Odd", body="\n## The problem\n\n[[code gone.py]]\n")

    html = html_of(load_pattern(folder), "the-problem")

    assert "There is no file `gone.py`." in html


def test_the_flow_is_numbered_as_in_the_diagram(pattern: Pattern) -> None:
    html = html_of(pattern, "how-a-request-travels")

    assert html.startswith('<ol class="flow">')
    assert '<li data-step="1" data-edges="Client&gt;Api">' in html
    assert '<li data-step="2" data-edges="Api&gt;WebFunction">' in html


def test_costs_carry_price_region_source_and_date(pattern: Pattern) -> None:
    html = html_of(pattern, "what-it-costs")

    assert "<td>$0.20 per 1 million requests</td>" in html
    assert "us-east-1" in html
    assert 'href="https://aws.amazon.com/lambda/pricing/"' in html
    assert re.search(r'<time datetime="20\d\d-\d\d-\d\d">', html)


def test_related_patterns_are_linked_with_their_relation(pattern: Pattern) -> None:
    html = html_of(pattern, "related-patterns")

    assert "<span>combines with</span>" in html
    assert '<a href="/patterns/twin/">Twin Counter</a>' in html
    assert "The twin <em>waits</em> instead." in html


def test_a_related_pattern_that_is_not_published_is_left_out(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path, related=RELATED)
    write_pattern(tmp_path, "twin", title="Twin Counter", draft=True)

    assert "twin" not in html_of(library().get("parcel-counter"), "related-patterns")


def test_a_changed_title_of_a_related_pattern_is_seen(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    settings.DEBUG = True
    write_pattern(tmp_path, related=RELATED)
    twin = write_pattern(tmp_path, "twin", title="Twin Counter") / "pattern.md"
    assert "Twin Counter" in html_of(library().get("parcel-counter"), "related-patterns")

    twin.write_text(twin.read_text().replace("title: Twin Counter", "title: Other Counter"))

    assert "Other Counter" in html_of(library().get("parcel-counter"), "related-patterns")


def test_the_same_content_is_rendered_once(pattern: Pattern) -> None:
    assert render_body(pattern) is render_body(pattern)


def test_raw_html_is_shown_as_text(pattern: Pattern) -> None:
    assert "&lt;b&gt;outside&lt;/b&gt;" in html_of(pattern, "the-problem")


def test_links_elsewhere_are_marked_and_dangerous_ones_disarmed(pattern: Pattern) -> None:
    html = html_of(pattern, "further-reading")

    assert '<a href="https://example.com/a?b=1&amp;c=2" rel="noopener external">' in html
    assert "javascript:" not in html
    assert "<img" not in html
    assert "a tracker" in html
    assert '<a href="/patterns/twin/">' in html_of(pattern, "the-problem")


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<div onclick=alert(1)>\n\n</div>",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html,hi)",
        "[x](//evil.example)",
        "[x][y]\n\n[y]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "```html\n<script>alert(1)</script>\n```",
        "| a |\n| --- |\n| <script>alert(1)</script> |",
        "<!-- x --><img src=x onerror=alert(1)>",
    ],
)
def test_nothing_dangerous_comes_through(text: str) -> None:
    html = converter(lambda name, argument: "").convert(text)

    assert not re.search(r"<(script|div onclick|img)|href=\"(?!https?:|mailto:|/(?!/)|#)", html, re.IGNORECASE)


@given(st.text(alphabet="<>[]()!\"'`&;:/#*_-|\\ \nabcjavascript:onerror=img", max_size=80))
def test_no_text_becomes_a_tag_of_its_own(text: str) -> None:
    tags = set(re.findall(r"<([a-zA-Z0-9]+)", converter(lambda name, argument: "").convert(text)))

    assert tags <= set(
        re.findall(
            r"\w+",
            "p em strong a code pre div span ul ol li h1 h2 h3 h4 h5 h6 hr blockquote br "
            "table thead tbody tr th td dl dt dd",
        )
    )


def test_a_directive_inside_a_code_block_is_code(tmp_path: Path) -> None:
    body = "\n## The problem\n\n```text\n[[flow]]\n```\n"
    html = html_of(load_pattern(write_pattern(tmp_path, body=body)), "the-problem")

    assert "[[flow]]" in html
    assert "<ol" not in html


def test_a_directive_needs_no_blank_lines_around_it(tmp_path: Path) -> None:
    body = "\n## The problem\nBefore.\n[[flow]]\nAfter.\n"
    html = html_of(load_pattern(write_pattern(tmp_path, body=body)), "the-problem")

    assert re.search(r"<p>Before\.</p>\s*<ol class=\"flow\">.*</ol>\s*<p>After\.</p>", html, re.DOTALL)


def test_a_wide_table_scrolls_in_a_named_box_that_takes_focus(pattern: Pattern) -> None:
    html = html_of(pattern, "what-it-costs")

    boxes = re.findall(r'<div ([^>]*class="table-scroll"[^>]*)>', html)
    assert len(boxes) == 2
    assert all('role="region"' in box and 'tabindex="0"' in box for box in boxes)
    assert 'aria-label="Table: What, When"' in boxes[0]


def test_quotes_are_typographic_in_prose_and_straight_in_code(pattern: Pattern) -> None:
    html = html_of(pattern, "the-solution")

    assert "&ldquo;answers&rdquo;" in html
    assert '"parcel"' in html


@pytest.mark.parametrize(
    "start",
    [
        "422. ",
        "1) ",
        "# ",
        "###### ",
        "> ",
        "- ",
        "* ",
        "+ ",
        "    ",
        "\t",
        "--- ",
        "*** ",
        ": ",
        "~~~ ",
        "| ",
        "[x]: ",
    ],
)
def test_a_sentence_stays_one_whatever_it_begins_with(start: str) -> None:
    for text in (f"{start}A `key` stands for *one* request.", f"\n{start}A `key` stands\n    for *one* request.\n"):
        html = inline(text)
        assert set(re.findall(r"</?(\w+)", html)) <= {"code", "em"}
        assert unescape(re.sub(r"</?(code|em)>", "", html)) == " ".join(text.split()).replace("`key`", "key").replace(
            "*one*", "one"
        )


@pytest.mark.parametrize("whole", ["---", "***", "#", ">", "-", "1.", "Key\n===", "[[code app.py]]", "```\nx\n```"])
def test_signs_alone_are_a_sentence_too(whole: str) -> None:
    assert not re.search(r"<(?!code|/code)", inline(whole))


def test_inline_text_has_no_paragraph() -> None:
    assert inline("Sends `POST`\nto *it*.") == "Sends <code>POST</code> to <em>it</em>."


PIECES = """word Zé 9 . ... , : ; (x) / // ? = % × – — - -- --- … *b* _b_ __b__ `c` ' " & <b> [a](/b/) [a]
http://x.y a@b.c + | # ! \\ \\* ~ { } ^ $ @ 1. \x02"""


@pytest.mark.parametrize("piece", PIECES.split())
def test_a_sentence_is_left_as_it_is_only_where_a_converter_leaves_it(piece: str) -> None:
    for other in PIECES.split():
        for text in (f"A{piece}{other}", f"{piece}{other} word", f"Word {piece} {other}"):
            if inline(text) == text:
                assert sentence_converter().convert(text) == f"<p>{text}</p>"


def test_one_sentence_leaves_nothing_for_the_next() -> None:
    inline("[x]: /patterns/secret/")

    assert inline("See [x].") == "See [x]."


def test_highlighted_lines_can_be_linked_and_keep_their_text() -> None:
    source = "\n\ndef f(a: int) -> str:\n    '''a <b>\n    & c'''\n    return \"x\"\n"

    html = highlight(source, "python", first_line=7)

    assert re.findall(r'id="(L\d+)"', html) == ["L7", "L8", "L9", "L10", "L11", "L12"]
    shown = re.sub(r"<[^>]+>", "", html)
    assert (
        shown.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
        .replace("&#39;", "'")
        .replace("&amp;", "&")
        == source
    )


@given(st.text(max_size=120), st.sampled_from(["python", "yaml", "json", "nonsense"]))
def test_highlighting_never_fails_and_keeps_every_line(text: str, language: str) -> None:
    html = highlight(text, language, anchors=False)

    assert "<script" not in html
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").count("\n") + 1
    assert html.count('<span class="line"') == (lines if text else 0)


def test_every_published_pattern_renders_all_its_sections() -> None:
    for pattern in library().patterns():
        sections = render_body(pattern).sections
        assert all(section.html for section in sections), pattern.slug
        assert not any("content-error" in section.html for section in sections), pattern.slug


def test_the_example_uses_every_directive() -> None:
    assert all(f"[[{name}" in BODY for name in ("code", "flow", "costs", "related"))
