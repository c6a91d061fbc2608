"""What every page needs to know of the site: its name, its address and the page's canonical address."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    """The canonical address has no query string: a filtered list is the same page.

    `live_url` is where search, labs and newsletter are, if these pages are served as plain files; empty if they are
    here.
    """
    return {
        "site_name": settings.SITE_NAME,
        "site_url": settings.SITE_URL,
        "live_url": settings.LIVE_URL,
        "canonical": absolute(request.path),
        "mailbox": settings.MAILBOX,
        "contact_email": settings.CONTACT_EMAIL,
        "social_links": settings.SOCIAL_LINKS,
    }


def absolute(path: str) -> str:
    """An address of this site with scheme and host, from its path."""
    return f"{settings.SITE_URL}{path}"
