"""The site's dialect of Markdown, as an extension of Python-Markdown.

Raw HTML is not part of it: what looks like a tag is shown as text. Links lead to http(s), mailto, this site
or this page, images only to this site; anything else becomes plain text. `[[name argument]]` on a line of its
own is a directive, handed to a function that returns HTML.
"""

import re
from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.blockparser import BlockParser
from markdown.blockprocessors import BlockProcessor, ParagraphProcessor
from markdown.extensions import Extension
from markdown.extensions.smarty import SmartyExtension
from markdown.extensions.toc import TocExtension
from markdown.preprocessors import NormalizeWhitespace
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry
from pymdownx.superfences import SuperFencesCodeExtension

from catalogue.patterns.documents.prose.highlighting import highlight

type Expand = Callable[[str, str], str]
"""HTML (or Markdown) for a directive's name and argument."""

DIRECTIVE = re.compile(r"^ {0,3}\[\[\s*(code|flow|costs|related)(?:\s+(\S.*?))?\s*\]\][ \t]*$", re.MULTILINE)

# Python-Markdown writes the letters of automatic mail links as numeric entities behind this mark.
_MAIL_ENTITY = "\x02amp\x03#"
_SAFE_LINK = re.compile(rf"(https?://|mailto:|/(?!/)|#|{_MAIL_ENTITY})", re.IGNORECASE)
_SAFE_IMAGE = re.compile(r"/(?!/)")


class _Directives(BlockProcessor):
    def __init__(self, parser: BlockParser, expand: Expand) -> None:
        super().__init__(parser)
        self.expand = expand

    def test(self, parent: Element, block: str) -> bool:
        return DIRECTIVE.search(block) is not None

    def run(self, parent: Element, blocks: list[str]) -> None:
        block = blocks.pop(0)
        match = DIRECTIVE.search(block)
        assert match is not None
        before, after = block[: match.start()].strip("\n"), block[match.end() :].strip("\n")
        if before:
            self.parser.parseBlocks(parent, [before])
        placeholder = self.parser.md.htmlStash.store(self.expand(match[1], match[2] or ""))
        paragraph = Element("p")
        paragraph.text = placeholder
        parent.append(paragraph)
        if after:
            blocks.insert(0, after)


class _Finish(Treeprocessor):
    """Takes the danger out of links and images, and lets wide tables scroll in a box of their own."""

    def run(self, root: Element) -> None:
        for element in root.iter():
            if element.tag == "a":
                _tame_link(element)
            elif element.tag == "img" and not _SAFE_IMAGE.match(element.get("src", "")):
                alt = element.get("alt", "")
                element.attrib.clear()
                element.tag, element.text = "span", alt
        _wrap_tables(root)


def _tame_link(link: Element) -> None:
    href = link.get("href", "")
    if not _SAFE_LINK.match(href):
        link.tag = "span"
        link.attrib.clear()
    elif href.lower().startswith("http"):
        link.set("rel", "noopener external")


def _wrap_tables(parent: Element) -> None:
    for index, child in enumerate(list(parent)):
        if child.tag != "table":
            _wrap_tables(child)
            continue
        headings = ", ".join("".join(cell.itertext()).strip() for cell in child.iter("th"))
        box = Element("div", table_box_attributes(f"Table: {headings}"))
        box.tail, child.tail = child.tail, None
        parent[index] = box
        box.append(child)


def table_box_attributes(label: str) -> dict[str, str]:
    """What lets a table that is too wide be scrolled by keyboard, under a name (WCAG 2.1.1, 4.1.2)."""
    return {"class": "table-scroll", "role": "region", "tabindex": "0", "aria-label": label}


class PatternMarkdown(Extension):
    def __init__(self, expand: Expand) -> None:
        super().__init__()
        self.expand = expand

    def extendMarkdown(self, md: Markdown) -> None:
        md.preprocessors.deregister("html_block")
        md.inlinePatterns.deregister("html")
        md.parser.blockprocessors.register(_Directives(md.parser, self.expand), "directives", 95)
        # After inline patterns (20), which make the links; before the serialization of entities.
        md.treeprocessors.register(_Finish(md), "finish", 5)


def _fence(source: str, language: str, *_: Any, **__: Any) -> str:
    return highlight(source.rstrip("\n"), language or "text", anchors=False)


def converter(expand: Expand) -> Markdown:
    """A fresh converter; one is good for one text, and for one thread."""
    fences = [{"name": "*", "class": "highlight", "format": _fence}]
    return Markdown(
        output_format="html",
        extensions=[
            "markdown.extensions.tables",
            "markdown.extensions.sane_lists",
            "markdown.extensions.def_list",
            SuperFencesCodeExtension(custom_fences=fences, disable_indented_code_blocks=False),
            TocExtension(toc_depth="2-4"),
            SmartyExtension(smart_dashes=False),
            PatternMarkdown(expand),
        ],
    )


def sentence_converter() -> Markdown:
    """A converter that knows no block but the paragraph: `422. No such key.` is no list that starts at 422."""
    markdown = converter(lambda name, argument: "")
    markdown.preprocessors = Registry()
    markdown.preprocessors.register(NormalizeWhitespace(markdown), "normalize_whitespace", 30)
    markdown.parser.blockprocessors = Registry()
    markdown.parser.blockprocessors.register(ParagraphProcessor(markdown.parser), "paragraph", 10)
    return markdown


_PLAIN = re.compile(r"[^\W\d_](?:[^\W_]|[ ,;:()/?=%×–—…-]|\.(?!\.))*")
"""Words and signs that mean nothing in Markdown, nor to the typography: most sentences are such."""

_idle: list[Markdown] = []
"""Converters between two sentences: making one takes longer than a sentence does."""


def inline(text: str) -> str:
    """A sentence with emphasis, code and links as HTML, without the paragraph around it.

    Whatever it begins with, it stays a sentence: no list, heading, quotation or other block comes of it.
    """
    sentence = " ".join(text.split())
    if _PLAIN.fullmatch(sentence):
        return sentence
    try:
        markdown = _idle.pop()
    except IndexError:
        markdown = sentence_converter()
    html = markdown.convert(sentence)
    # Never reached by one that failed halfway, which is dropped with whatever it holds.
    _idle.append(markdown.reset())
    return html.removeprefix("<p>").removesuffix("</p>")
