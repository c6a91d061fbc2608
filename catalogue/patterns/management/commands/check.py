"""Django's `check`, which here also lints every template: too slow for the checks that each command runs."""

from django.core.checks import register
from django.core.management.commands.check import Command

from catalogue.patterns.checks.lint import check_templates

__all__ = ["Command"]

register(check_templates, "content")
