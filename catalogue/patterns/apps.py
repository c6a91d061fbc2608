from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register

from catalogue import errors


class PatternsConfig(AppConfig):
    name = "catalogue.patterns"
    label = "patterns"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(_check_content, "content")
        errors.suggest_with(_near)


# What reads content is loaded by who reads content: the mail loop, the janitor and `up` start without it.


def _check_content(**options: Any) -> list[CheckMessage]:
    from catalogue.patterns.checks import check_content

    return check_content(**options)


def _near(path: str) -> list[errors.Suggestion]:
    from catalogue.patterns.suggestions import near

    return near(path)
