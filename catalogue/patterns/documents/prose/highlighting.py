"""Code as HTML: Pygments' tokens as CSS classes, one element a line; highlight.css has the colors."""

import html
from collections.abc import Iterable
from functools import cache, lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.token import _TokenType
from pygments.util import ClassNotFound

from catalogue.patterns.documents.prose.lexing import tokens

_FORMATTER = HtmlFormatter(nowrap=True)


@cache
def _lexer(language: str) -> Lexer:
    # What the file says is what is shown: taking off leading blank lines would shift every line number.
    lexer: Lexer
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=True)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=True)
    return lexer


@lru_cache(maxsize=1024)
def highlight(text: str, language: str, *, first_line: int = 1, anchors: bool = True, label: str = "") -> SafeString:
    """`<div class="highlight"><pre><code>…` with each line as `<span class="line">`.

    With `anchors` a line has the id `L<n>` and begins with an empty link to itself, whose `data-n` CSS shows
    as its number, so that numbers are never copied with the code. Without, the line itself carries `data-n`.
    The scrolling part takes keyboard focus under the name `label`. An unknown language is shown plain.
    """
    name = escape(label or f"Code in {language}")
    return mark_safe(  # noqa: S308 (Pygments escapes the code, the rest is ours)
        f'<div class="highlight"><pre tabindex="0" role="group" aria-label="{name}">'
        f"<code>{_lines(tokens(_lexer(language), text), first_line, anchors) if text else ''}</code></pre></div>"
    )


def _lines(found: Iterable[tuple[_TokenType, str]], number: int, anchors: bool) -> str:
    """The tokens as numbered lines: what Pygments' HtmlFormatter writes with `nowrap`, in a fraction of its time."""
    written = [_begin(number, anchors)]
    write = written.append
    opened: str | None = None  # the present line's last element; None while the line is empty
    for kind, value in found:
        if value == "\n":
            number += 1
            write(_CLOSED if opened else _END)
            write(_begin(number, anchors))
            opened = None
            continue
        begin = _OPENERS[kind]
        last = _ESCAPED[value]
        if "\n" in value:
            *before, last = last.split("\n")
            for part in before:
                if part and opened != begin:
                    write(f"</span>{begin}" if opened else begin)
                    opened = begin
                number += 1
                write(part)
                write(_CLOSED if opened else _END)
                write(_begin(number, anchors))
                opened = None
        if last:
            if opened != begin:
                write(f"</span>{begin}" if opened else begin)
                opened = begin
            write(last)
    if opened is None:
        written.pop()
    else:
        write(_CLOSED if opened else _END)
    return "".join(written)


_END = "\n</span>"
_CLOSED = f"</span>{_END}"


@lru_cache(maxsize=4096)
def _begin(number: int, anchors: bool) -> str:
    if not anchors:
        return f'<span class="line" data-n="{number}">'
    link = f'<a class="line-number" href="#L{number}" data-n="{number}" aria-hidden="true" tabindex="-1"></a>'
    return f'<span class="line" id="L{number}">{link}'


class _Openers(dict[_TokenType, str]):
    """The beginning of a token's element, by its type; empty for plain text."""

    def __missing__(self, kind: _TokenType) -> str:
        names = _FORMATTER._get_css_classes(kind)  # type: ignore[attr-defined]
        self[kind] = f'<span class="{names}">' if names else ""
        return self[kind]


class _Escaped(dict[str, str]):
    """A token's text as HTML. The same few thousand come again and again."""

    MOST = 20_000

    def __missing__(self, value: str) -> str:
        escaped = html.escape(value, quote=False)
        if len(self) < self.MOST and len(value) < 80:
            self[value] = escaped
        return escaped


_OPENERS, _ESCAPED = _Openers(), _Escaped()
