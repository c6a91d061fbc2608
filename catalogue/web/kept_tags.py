"""`{% kept name … %}…{% endkept %}`: a part of a page that is the same wherever its variables are.

It is rendered once in each process for each set of values. If one of them is missing, or with DEBUG, it is rendered
each time. What it assigns (`{% url … as … %}`) is not seen outside.
"""

from typing import Any

from django import template
from django.conf import settings
from django.core.signals import setting_changed
from django.template.base import FilterExpression, Node, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

MOST = 128
"""Sets of values, of each part."""

register = template.Library()


class KeptNode(Node):
    def __init__(self, names: list[FilterExpression], nodelist: NodeList) -> None:
        self.names = names
        self.nodelist = nodelist
        self.kept: dict[tuple[Any, ...], SafeString] = {}
        setting_changed.connect(self._forget)

    def render(self, context: Context) -> SafeString:
        values = tuple(name.resolve(context, ignore_failures=True) for name in self.names)
        kept = self.kept.get(values)
        if kept is None:
            with context.push():
                kept = self.nodelist.render(context)
            if not settings.DEBUG and None not in values and len(self.kept) < MOST:
                self.kept[values] = kept
        return kept

    def _forget(self, **_: object) -> None:
        self.kept.clear()


@register.tag("kept")
def kept_part(parser: Parser, token: Token) -> KeptNode:
    names = [parser.compile_filter(name) for name in token.split_contents()[1:]]
    nodelist = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptNode(names, nodelist)
