"""Strict-Transport-Security (RFC 6797), for every door of the site: Django, kept pages, labs' endpoints, refusals."""

from django.conf import settings


def hsts() -> str:
    """The value of Strict-Transport-Security; empty where the site is not served by https (RFC 6797, section 7.2)."""
    # SecurityMiddleware sends it on secure connections only, and behind a proxy ours is not one.
    if settings.SECURE_HSTS_SECONDS and settings.SITE_URL.startswith("https://"):
        return f"max-age={settings.SECURE_HSTS_SECONDS}"
    return ""
