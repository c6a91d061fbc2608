"""A run's actions in a few words, for lists that are read without JavaScript."""

from collections.abc import Mapping, MutableMapping, Sequence

from django import template
from django.conf import settings
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs import brief
from catalogue.patterns.runs.brief import Brief
from catalogue.patterns.runs.document import ActionAnswer
from catalogue.patterns.runs.recorded import recorded_run

register = template.Library()


@register.filter
def statuses(answers: Sequence[ActionAnswer]) -> str:
    return brief.statuses(answers)


@register.filter
def recorded_briefs(pattern: Pattern) -> Mapping[str, Brief]:
    """What the recorded run saw of each step; nothing without one."""
    run = recorded_run(pattern)
    return {} if run is None else brief.briefs(run)


@register.filter
def of_step[T](found: Mapping[str, T], step_id: str) -> T | None:
    return found.get(step_id)


class _Once(template.Node):
    """Its content as it was rendered the first time, kept with the object that all of it is made from."""

    def __init__(self, kept: FilterExpression, names: list[FilterExpression], content: NodeList) -> None:
        self.kept, self.names, self.nodelist = kept, names, content

    def render(self, context: Context) -> SafeString:
        kept: MutableMapping[tuple[object, ...], SafeString] = self.kept.resolve(context)
        if settings.DEBUG:  # an author edits the template meanwhile
            return self.nodelist.render(context)
        name = tuple(one.resolve(context) for one in self.names)
        if name not in kept:
            kept[name] = self.nodelist.render(context)
        return kept[name]


@register.tag
def once(parser: Parser, token: Token) -> _Once:
    """`{% once views.rendered "story" number %}…{% endonce %}`: a part that two pages of one run have alike.

    The first argument is the mapping that keeps it, the others name the part.
    """
    _, kept, *names = token.split_contents()
    content = parser.parse(("endonce",))
    parser.delete_first_token()
    return _Once(parser.compile_filter(kept), [parser.compile_filter(name) for name in names], content)
