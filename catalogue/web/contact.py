"""Reminds an operator who puts the site on the internet to say who is behind it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning


def check_contact(app_configs: Sequence[Any] | None, **_: object) -> list[CheckMessage]:
    """For `check --deploy`."""
    if settings.CONTACT_EMAIL or settings.SOCIAL_LINKS:
        return []
    return [
        Warning(
            "Readers cannot see who is behind the site, and cannot report a mistake.",
            hint="Set CONTACT_EMAIL to an address that someone reads, and SOCIAL_LINKS if you have any.",
            id="web.W001",
        )
    ]
