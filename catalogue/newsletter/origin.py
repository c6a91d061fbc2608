"""Keeps other sites from using their visitors' browsers to fill in our form.

The form stands on pages that a cache ahead of Django serves to everyone alike, so the token per visitor that
Django's CSRF protection needs cannot be in it. Browsers tell where a request comes from in headers that a
page's script cannot set, the other defence that OWASP's cheat sheet on CSRF describes. Requests without these
headers come from programs such as curl; nobody's cookie rides on them, so there is nothing to forge.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import Resolver404, resolve


def is_foreign(request: HttpRequest) -> bool:
    """Whether a browser sent this on behalf of a page of another origin, or of one that hides its origin.

    `Sec-Fetch-Site: same-site` counts as foreign too: a sibling host may serve what strangers wrote.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    return origin not in (settings.SITE_URL, f"{request.scheme}://{request.get_host()}")


def own_path(request: HttpRequest) -> str:
    """The path of our page that the form was sent from, or nothing if the browser does not say."""
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return ""
    same = f"{referer.scheme}://{referer.netloc}" in (
        settings.SITE_URL,
        f"{request.scheme}://{request.get_host()}",
    )
    return _without_secrets(referer.path.replace("\0", ""))[:200] if same else ""


def _without_secrets(path: str) -> str:
    """An address of the newsletter or of a lab stands for a person's rights: of it only the shape is kept."""
    try:
        found = resolve(path)
    except Resolver404:
        return path
    secret = any(name == "token" or name.endswith("_id") for name in found.kwargs)
    return f"/{found.route}" if secret else path
