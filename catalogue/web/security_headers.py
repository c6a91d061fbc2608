"""What browsers are told to forbid on every page: Django's Content-Security-Policy, and headers that it has not.

The policy is SECURE_CSP. A view whose answer is no page of ours, such as a mail, sends one of its own.
Kept pages are rendered through this middleware, so they are stored with these headers.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware

from catalogue.web.secure_transport import hsts

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)
"""What a page could ask a visitor for, and none of ours does (https://www.w3.org/TR/permissions-policy-1/)."""


class SecurityHeadersMiddleware(ContentSecurityPolicyMiddleware):
    """Works without a thread under ASGI: it touches nothing that would block."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        super().process_response(request, response)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        if value := hsts():
            response.headers.setdefault("Strict-Transport-Security", value)
        return response

    async def __acall__(self, request: HttpRequest) -> Any:
        self.process_request(request)
        return self.process_response(request, await self.get_response(request))  # type: ignore[misc]
