"""Django's `check`, which here also lints every template: too slow for the checks that each command runs."""

from typing import Any

from django.conf import settings
from django.core.checks import register
from django.core.management.commands import check

from catalogue.base.var_folder import require_room
from catalogue.patterns.content.checks.lint import check_templates

register(check_templates, "content")


class Command(check.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        require_room(settings.VAR_DIR)
        super().handle(*args, **options)
