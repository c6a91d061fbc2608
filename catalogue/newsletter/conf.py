"""The newsletter's settings with their defaults; each is a plain Django setting of the same name."""

from django.conf import settings


def subscribes_per_hour() -> int:
    """How many subscribe requests one client may make in an hour."""
    return int(getattr(settings, "NEWSLETTER_SUBSCRIBES_PER_HOUR", 20))


def mailbox_keep() -> int:
    """How many messages the mailbox page holds before the oldest goes."""
    return int(getattr(settings, "MAILBOX_KEEP", 200))
