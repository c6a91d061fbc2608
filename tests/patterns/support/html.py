"""Reads a page as strictly as a proofreader: every element closed where it should be, every id once."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_NOT_IN_P = frozenset(
    "address article aside blockquote details div dl fieldset figure footer form h1 h2 h3 h4 h5 h6 header "  # noqa: SIM905
    "hr main nav ol p pre section table ul".split()
)
_CHILDREN = {"ul": {"li", "script", "template"}, "ol": {"li", "script", "template"}, "tr": {"td", "th"}}
_NEVER_NESTED = frozenset(("a", "button", "form", "label"))


@dataclass
class Page:
    faults: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str, /, **attributes: str) -> list[dict[str, str]]:
        return [found for tag, found in self.elements if tag == name and attributes.items() <= found.items()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = Page()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._start(tag, attrs)
        if "svg" not in self.open and tag not in _VOID:
            self._fault(f"<{tag}/> is not closed by its slash")

    def _start(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self._fault(f"<{tag}> has an attribute twice")
        if "p" in self.open and tag in _NOT_IN_P and "svg" not in self.open:
            self._fault(f"<{tag}> inside <p>")
        if self.open and self.open[-1] in _CHILDREN and tag not in _CHILDREN[self.open[-1]]:
            self._fault(f"<{tag}> as a child of <{self.open[-1]}>")
        if tag in _NEVER_NESTED and tag in self.open:
            self._fault(f"<{tag}> inside <{tag}>")
        attributes = {name: value or "" for name, value in attrs}
        self.page.elements.append((tag, attributes))
        if "id" in attributes:
            if attributes["id"] in self.page.ids:
                self._fault(f"the id {attributes['id']!r} twice")
            self.page.ids.append(attributes["id"])

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID:
            self._fault(f"</{tag}>")
        elif not self.open or self.open[-1] != tag:
            self._fault(f"</{tag}> where <{self.open[-1] if self.open else ''}> is open")
            if tag in self.open:
                while self.open.pop() != tag:
                    pass
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.page.texts.setdefault(self.open[-1], []).append(data.strip())

    def _fault(self, what: str) -> None:
        line, column = self.getpos()
        self.page.faults.append(f"{line}:{column}: {what}")


def read_page(html: str) -> Page:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        reader.page.faults.append(f"never closed: {reader.open}")
    return reader.page
