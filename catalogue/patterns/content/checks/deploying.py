"""What AWS refuses or does differently, although the embedded AWS deploys it: each service's own checks."""

from collections.abc import Iterator

from catalogue.patterns.content.checks.template import templates
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.services.registry import registry


def check(pattern: Pattern) -> Iterator[ContentError]:
    for template in templates(pattern):
        for service in registry().services:
            for check_template in service.checks:
                yield from check_template(template)
