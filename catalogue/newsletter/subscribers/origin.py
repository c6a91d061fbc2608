"""Keeps other sites from using their visitors' browsers to fill in our form.

The form stands on pages that a cache ahead of Django serves to everyone alike, so the token per visitor that
Django's CSRF protection needs cannot be in it. Browsers tell where a request comes from in headers that a
page's script cannot set, the other defense that OWASP's cheat sheet on CSRF describes. Requests without these
headers come from programs such as curl; no one's cookie rides on them, so there is nothing to forge.
"""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, resolve

from catalogue.web.origin import is_own


def is_foreign(request: HttpRequest) -> bool:
    """Whether a browser sent this on behalf of a page of another origin, or of one that hides its origin.

    `Sec-Fetch-Site: same-site` counts as foreign too: a sibling host may serve what strangers wrote.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site:
        return site not in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is not None and not is_own(request, origin)


def own_path(request: HttpRequest) -> str:
    """The path of our page that the form was sent from, or nothing if the browser does not say."""
    referer = request.headers.get("Referer", "")
    if not is_own(request, referer):
        return ""
    return _without_secrets(urlsplit(referer).path.replace("\0", ""))[:200]


def _without_secrets(path: str) -> str:
    """An address of the newsletter or of a lab stands for a person's rights: of it only the shape is kept."""
    try:
        found = resolve(path)
    except Resolver404:
        return path
    secret = any(name == "token" or name.endswith("_id") for name in found.kwargs)
    return f"/{found.route}" if secret else path
