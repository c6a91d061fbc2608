"""Pygments' tokens of a text, in half of Pygments' time: one regular expression a state instead of one a rule.

`RegexLexer` tries the rules of a state one after the other, about thirty for each token. Here a state's rules are the
alternatives of one expression. Alternatives are tried in the same order, and nothing follows them, so the first that
matches is the first rule that would, with the same match. An empty group behind each shows which one it was.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import Any

from pygments.lexer import Lexer, LexerContext, RegexLexer, bygroups
from pygments.lexers.data import YamlLexer, YamlLexerContext
from pygments.token import Error, Text, Whitespace, _TokenType

type _Match = Callable[..., re.Match[str] | None]
type _Rule = tuple[_Match, Any, Any]
"""As Pygments compiles it: the expression's `match`, the token's type or a function, the next state."""
type _Groups = tuple[tuple[int, _TokenType], ...] | None
"""Of a rule made by `bygroups`: its groups and their tokens' types. None for other rules."""
type _Found = tuple[_Match, Any, Any, _Groups]
"""A rule and its groups, numbered as in the expression that was matched."""
type _Step = tuple[_Match, _Found | None, dict[int | None, _Found]]
"""An expression, the rule that it is, or else those that it has as alternatives, by the number of their empty group."""

_NOT_AN_ALTERNATIVE = re.compile(r"\\[1-9]|\(\?P|\(\?\(")
"""Refers to groups by number or name: that means something else in a longer expression."""
_BY_GROUPS = bygroups().__qualname__  # type: ignore[no-untyped-call]
_FLAGS = re.compile(r"\(\?([ims]+)\)")
"""Flags that a rule sets for itself, at its beginning."""


def tokens(lexer: Lexer, text: str) -> Iterator[tuple[_TokenType, str]]:
    """The same as `lexer.get_tokens(text)` for a lexer without filters."""
    own = type(lexer).get_tokens_unprocessed
    text = lexer._preprocess_lexer_input(text)  # type: ignore[attr-defined]
    if own is RegexLexer.get_tokens_unprocessed:
        assert isinstance(lexer, RegexLexer)
        return _regex(lexer, text)
    if own is YamlLexer.get_tokens_unprocessed:
        assert isinstance(lexer, YamlLexer)
        return _extended(lexer, YamlLexerContext(text, 0))  # type: ignore[no-untyped-call]
    return ((kind, value) for _, kind, value in lexer.get_tokens_unprocessed(text))


@cache
def _states(lexer: type[RegexLexer]) -> dict[str, list[_Step]]:
    return {state: _steps(rules, lexer.flags) for state, rules in lexer._tokens.items()}  # type: ignore[attr-defined]


def _steps(rules: Sequence[_Rule], flags: int) -> list[_Step]:
    steps: list[_Step] = []
    for together, group in groupby(rules, key=_may_be_an_alternative):
        found = list(group)
        if together and len(found) > 1:
            steps.append(_combined(found, flags))
        else:
            steps += [(rule[0], (*rule, _groups(rule, 0)), {}) for rule in found]
    return steps


def _groups(rule: _Rule, before: int) -> _Groups:
    """What `bygroups` does with a match, if all that it gives are tokens. `before` is how many groups come first."""
    action = rule[1]
    if getattr(action, "__qualname__", "") != _BY_GROUPS:
        return None
    (kinds,) = (cell.cell_contents for cell in action.__closure__)
    if not all(kind is None or type(kind) is _TokenType for kind in kinds):
        return None
    return tuple((before + place, kind) for place, kind in enumerate(kinds, 1) if kind is not None)


def _may_be_an_alternative(rule: _Rule) -> bool:
    pattern = _pattern(rule)
    return not (pattern.flags & re.VERBOSE or _NOT_AN_ALTERNATIVE.search(pattern.pattern))


def _combined(rules: Sequence[_Rule], flags: int) -> _Step:
    alternatives: dict[int | None, _Found] = {}
    group = 0
    for rule in rules:
        groups = _groups(rule, group)
        group += _pattern(rule).groups + 1
        alternatives[group] = (*rule, groups)
    return re.compile("|".join(map(_alternative, rules)), flags).match, None, alternatives


def _alternative(rule: _Rule) -> str:
    pattern = _pattern(rule).pattern
    own = _FLAGS.match(pattern)
    return f"(?{own[1]}:{pattern[own.end() :]})()" if own else f"(?:{pattern})()"


def _pattern(rule: _Rule) -> re.Pattern[str]:
    pattern: re.Pattern[str] = rule[0].__self__  # type: ignore[attr-defined]
    return pattern


def _regex(lexer: RegexLexer, text: str) -> Iterator[tuple[_TokenType, str]]:
    """`RegexLexer.get_tokens_unprocessed`, without the positions."""
    states = _states(type(lexer))
    position = 0
    stack = ["root"]
    steps = states["root"]
    while True:
        for matches, only, alternatives in steps:
            match = matches(text, position)
            if match is None:
                continue
            matches_alone, action, state, groups = only or alternatives[match.lastindex]
            if type(action) is _TokenType:
                yield action, match[0]
            elif groups is not None:
                for group, kind in groups:
                    if value := match[group]:
                        yield kind, value
            elif action is not None:
                alone = match if only else matches_alone(text, position)
                for _, kind, value in action(lexer, alone):
                    yield kind, value
            position = match.end()
            if state is not None:
                _change(stack, state)
                steps = states[stack[-1]]
            break
        else:
            if position >= len(text):
                return
            if text[position] == "\n":
                stack, steps = ["root"], states["root"]
                yield Whitespace, "\n"
            else:
                yield Error, text[position]
            position += 1


def _extended(lexer: YamlLexer, context: LexerContext) -> Iterator[tuple[_TokenType, str]]:
    """`ExtendedRegexLexer.get_tokens_unprocessed`, without the positions. Its functions move the context on."""
    states = _states(type(lexer))
    text = context.text
    steps = states["root"]
    while True:
        for matches, only, alternatives in steps:
            match = matches(text, context.pos, context.end)
            if match is None:
                continue
            matches_alone, action, state, groups = only or alternatives[match.lastindex]
            if type(action) is _TokenType:
                yield action, match[0]
                context.pos = match.end()
            elif groups is not None:
                for group, kind in groups:
                    if value := match[group]:
                        yield kind, value
                context.pos = match.end()
            elif action is not None:
                alone = match if only else matches_alone(text, context.pos, context.end)
                for _, kind, value in action(lexer, alone, context):
                    yield kind, value
                if not state:
                    steps = states[context.stack[-1]]
            if state is not None:
                _change(context.stack, state)
                steps = states[context.stack[-1]]
            break
        else:
            if context.pos >= context.end:
                return
            if text[context.pos] == "\n":
                context.stack, steps = ["root"], states["root"]
                yield Text, "\n"
            else:
                yield Error, text[context.pos]
            context.pos += 1


def _change(stack: list[str], state: tuple[str, ...] | int | str) -> None:
    """Go to the next state: names are pushed, `#pop` and a negative number leave at least one."""
    if isinstance(state, int):
        del stack[1 if abs(state) >= len(stack) else state :]
        return
    for name in state if isinstance(state, tuple) else (state,):
        if name == "#pop":
            if len(stack) > 1:
                stack.pop()
        else:
            stack.append(stack[-1] if name == "#push" else name)
