from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

from catalogue.web import errors
from catalogue.web.contact import check_contact


class PatternsConfig(AppConfig):
    name = "catalogue.patterns"
    label = "patterns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(_check_content, "content")
        register(check_contact, "web", deploy=True)
        errors.suggest_with(_near)


# What reads content is loaded by who reads content: the mail loop, the janitor and `up` start without it.


def _check_content(**options: Any) -> list[CheckMessage]:
    # See above: only a check needs it.
    from catalogue.patterns.content.checks import check_content

    return check_content(**options)


def _near(path: str) -> list[errors.Suggestion]:
    # See above: only a 404 needs it.
    from catalogue.patterns.search.suggestions import near

    return near(path)
