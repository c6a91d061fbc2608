"""A tag that fails."""

from django import template

register = template.Library()


@register.simple_tag
def fails() -> str:
    raise ZeroDivisionError("no such ink")
