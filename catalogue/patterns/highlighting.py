"""Code as HTML: Pygments' tokens as CSS classes, one element a line; highlight.css has the colours."""

from functools import cache, lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from pygments import highlight as pygmentize
from pygments.formatters import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import TextLexer, get_lexer_by_name
from pygments.util import ClassNotFound

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
    html = pygmentize(text, _lexer(language), _FORMATTER)
    lines = html.removesuffix("\n").split("\n") if text else []
    numbered = [_line(line, number, anchors) for number, line in enumerate(lines, first_line)]
    name = escape(label or f"Code in {language}")
    return mark_safe(  # noqa: S308 (Pygments escapes the code, the rest is ours)
        f'<div class="highlight"><pre tabindex="0" role="group" aria-label="{name}">'
        f"<code>{''.join(numbered)}</code></pre></div>"
    )


def _line(html: str, number: int, anchors: bool) -> str:
    if not anchors:
        return f'<span class="line" data-n="{number}">{html}\n</span>'
    link = f'<a class="line-number" href="#L{number}" data-n="{number}" aria-hidden="true" tabindex="-1"></a>'
    return f'<span class="line" id="L{number}">{link}{html}\n</span>'
