"""Limits how often a password can be tried at the admin's login page.

Failures are counted in Django's cache, by client network and by user name, so that all processes that share a cache
share the counts. An attempt counts before the password is checked, so that many at once count as many; one that
succeeds does not count. The limit of a name is so high that a stranger needs many networks to lock an editor out.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import salted_hmac

from catalogue.base.backends.counts import count, uncount
from catalogue.web.client_address import client_key
from catalogue.web.errors import Problem, respond

PER_CLIENT, CLIENT_SECONDS = 10, 15 * 60
PER_NAME, NAME_SECONDS = 100, 60 * 60
_PURPOSE = "catalogue.login"


def throttled(login: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A login view that answers 429 with Retry-After once a client or a name has failed too often."""

    @wraps(login)
    def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return login(request, *args, **kwargs)
        client = f"login:client:{client_key(request, _PURPOSE)}"
        name = f"login:name:{_hashed(request.POST.get('username', ''))}"
        if count(client, CLIENT_SECONDS) > PER_CLIENT:
            return _too_many(request, CLIENT_SECONDS)
        if count(name, NAME_SECONDS) > PER_NAME:
            return _too_many(request, NAME_SECONDS)
        response = login(request, *args, **kwargs)
        if response.status_code == 302:
            uncount(client)
            uncount(name)
        return response

    return view


def _hashed(name: str) -> str:
    return salted_hmac(_PURPOSE, name.casefold()[:200], algorithm="sha256").hexdigest()


def _too_many(request: HttpRequest, seconds: int) -> HttpResponseBase:
    detail = f"There were too many attempts to log in. Try again in {seconds // 60} minutes."
    return respond(request, Problem(429, detail=detail, headers={"Retry-After": str(seconds)}))
