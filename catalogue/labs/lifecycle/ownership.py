"""Who may manage a lab: the browser that made it, by a signed cookie, or anyone who holds its Bearer token.

A request that a browser sends on behalf of another site must not act with the cookie. The cookie is SameSite=Lax,
and what a browser says of a request's origin (Sec-Fetch-Site, Origin) is checked besides; a client that says neither
is no browser, and has no cookie that it was not given on purpose.
"""

import hmac
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.models import Lab
from catalogue.web.errors import Problem
from catalogue.web.origin import is_own

COOKIE = "labs_owner"
_SALT = "catalogue.labs.owner"
_COOKIE_SECONDS = 30 * 24 * 3600


def owner_key(request: HttpRequest) -> str | None:
    """The visitor's key from the cookie; None without one, or with one that this site has not signed."""
    key = request.get_signed_cookie(COOKIE, default="", salt=_SALT, max_age=_COOKIE_SECONDS)
    return key or None


def new_owner_key() -> str:
    return secrets.token_urlsafe(24)


def remember_owner(response: HttpResponse, key: str) -> None:
    response.set_signed_cookie(
        COOKIE,
        key,
        salt=_SALT,
        max_age=_COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )


def owns(request: HttpRequest, lab: Lab) -> bool:
    """Whether the request carries the lab's token, or the cookie of who made it."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(digest(token.strip()), lab.token_hash):
        return True
    key = owner_key(request)
    return key is not None and hmac.compare_digest(digest(key), lab.owner)


def require_owner(request: HttpRequest, lab: Lab) -> None:
    """Raises Problem (403)."""
    if not request.headers.get("Authorization"):
        require_same_origin(request)
    if not owns(request, lab):
        raise Problem(
            403,
            "Not your lab",
            "Only the browser that started this lab, or a request with its token, can manage it. "
            "You can call its endpoint and run the pattern yourself.",
        )


def require_same_origin(request: HttpRequest) -> None:
    """Refuse what another site's page made a browser send. Raises Problem (403)."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site not in (None, "same-origin", "none") or (origin is not None and not is_own(request, origin)):
        raise Problem(
            403,
            "Request from another site",
            "This request came from a page of another site and was ignored.",
        )
