"""Static files as the web process sends them: how long caches keep one, and how they recognize it."""

import re
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any, cast
from wsgiref.headers import Headers

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from servestatic.middleware import ServeStaticMiddleware
from servestatic.responders import MissingFileError

from catalogue.web.security_headers import NO_DOCUMENT

HASHED = re.compile(r"\.(?P<hash>[0-9a-f]{12})\.\w+$")
"""As Django's manifest storage names a file."""
PICTURE = f"{NO_DOCUMENT}; sandbox; style-src 'unsafe-inline'"
"""A picture that is opened on its own may bring its style, and nothing else."""
FOREVER = "public, max-age=31536000, immutable"


class StaticFilesMiddleware(ServeStaticMiddleware):  # type: ignore[misc]  # it comes untyped
    async def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """A file that does not exist is the site's own 404. With DEBUG on, the library raises what ends as a 500."""
        try:
            return cast("HttpResponseBase", await super().__call__(request))
        except MissingFileError:
            return cast("HttpResponseBase", await self.get_response(request))

    def add_cache_headers(self, headers: Headers, path: str, url: str) -> None:
        """A name with a hash stands for one content: it is kept for a year, the longest that RFC 9111 (5.2.2.1) thinks
        of, and never asked for again (RFC 8246). Its entity tag is weak, since the same one goes with every encoding
        (RFC 9110, 8.8.1), and comes from the content, so that two machines behind one cache agree on it.
        """
        # A file that a page loads is no page itself. The site's whole policy would weigh more than some of them.
        headers["Content-Security-Policy"] = PICTURE if url.endswith(".svg") else NO_DOCUMENT
        hashed = HASHED.search(url)
        if hashed is None:
            super().add_cache_headers(headers, path, url)
            return
        headers["Cache-Control"] = FOREVER
        headers["ETag"] = f'W/"{hashed["hash"]}"'


@sync_and_async_middleware
def static_files(get_response: Callable[..., Any]) -> Callable[..., Any]:
    """Static files ahead of everything under ASGI. A synchronous handler, which renders the kept pages, has no visitor
    who asks for files, and would start an event loop for each page only to find that it is none.
    """
    return StaticFilesMiddleware(get_response) if iscoroutinefunction(get_response) else get_response
