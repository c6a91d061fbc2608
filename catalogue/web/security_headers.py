"""What every answer tells browsers to forbid: Django's Content-Security-Policy, and headers that Django does not send.

The policy is SECURE_CSP. A view whose answer is no page of ours, such as a mail, sends one of its own.
Kept pages are rendered through this middleware, so they are stored with these headers. Answers from outside Django
(`/healthz`, labs' endpoints, refusals by the web server) get the same ones from `outside_django`.
"""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csp import ContentSecurityPolicyMiddleware

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()" for feature in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
)
"""What a page could ask a visitor for, and none of ours does (https://www.w3.org/TR/permissions-policy-1/)."""
NO_DOCUMENT = "default-src 'none'; frame-ancestors 'none'"
"""The policy of an answer that is no page: it loads nothing and is shown in no frame."""
_OPENER = "Cross-Origin-Opener-Policy"


def outside_django(policy: str = NO_DOCUMENT) -> list[tuple[bytes, bytes]]:
    """The security headers of an answer that no middleware sees, as ASGI wants them. `policy` is its CSP."""
    headers = {
        "content-security-policy": policy,
        "permissions-policy": PERMISSIONS_POLICY,
        "referrer-policy": settings.SECURE_REFERRER_POLICY,
        "x-content-type-options": "nosniff",
        "x-frame-options": settings.X_FRAME_OPTIONS,
    }
    if not _sandboxed(policy):
        headers[_OPENER.lower()] = settings.SECURE_CROSS_ORIGIN_OPENER_POLICY
    if value := hsts():
        headers["strict-transport-security"] = value
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def hsts() -> str:
    """The value of Strict-Transport-Security; empty where the site is not served by https (RFC 6797, section 7.2)."""
    # SecurityMiddleware sends it on secure connections only, and behind a proxy ours is not one.
    if settings.SECURE_HSTS_SECONDS and settings.SITE_URL.startswith("https://"):
        return f"max-age={settings.SECURE_HSTS_SECONDS}"
    return ""


def _sandboxed(policy: str) -> bool:
    """Whether a document under this policy is in a sandbox, and so must not have an opener policy: HTML makes the two
    together a network error (https://html.spec.whatwg.org/multipage/browsing-the-web.html#create-navigation-params-by-fetching).
    """
    return any(directive.strip().startswith("sandbox") for directive in policy.split(";"))


class SecurityHeadersMiddleware(ContentSecurityPolicyMiddleware):
    """Works without a thread under ASGI: it touches nothing that would block.

    It is the outermost, so that it sees what the others have set, and files that no other middleware sees get all.
    """

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        super().process_response(request, response)
        policy = response.headers.get("Content-Security-Policy", "")
        # A page loads a dozen fonts, scripts and styles. These headers say what documents may do, and would be a
        # kilobyte and a half of its first view. The policy forbids frames already.
        if policy != NO_DOCUMENT:
            response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
            if not getattr(response, "xframe_options_exempt", False):
                response.headers.setdefault("X-Frame-Options", settings.X_FRAME_OPTIONS)
        if policy == NO_DOCUMENT or _sandboxed(policy):
            response.headers.pop(_OPENER, None)
        if value := hsts():
            response.headers.setdefault("Strict-Transport-Security", value)
        return response

    async def __acall__(self, request: HttpRequest) -> Any:
        self.process_request(request)
        return self.process_response(request, await self.get_response(request))  # type: ignore[misc]
