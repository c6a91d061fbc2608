"""Pages and JSON made for one visitor go out compressed: a replayed run is 400 kB of HTML.

What is the same for everyone is compressed by the build, and streams are sent as they are: compression would keep their
lines back. Django's middleware adds random bytes, so that the length does not betray a secret of the page (BREACH).
"""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware

LEAST = 1_500
"""Bytes: less fits into one packet anyway."""
_KINDS = ("text/html", "application/json")


class CompressionMiddleware(GZipMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> Any:
        if (
            response.streaming
            or "no-store" not in response.headers.get("Cache-Control", "")
            or not response.headers.get("Content-Type", "").startswith(_KINDS)
            or len(response.content) < LEAST  # type: ignore[attr-defined]  # not streaming, so it has content
        ):
            return response
        return super().process_response(request, response)
