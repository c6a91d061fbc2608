"""`/healthz`, `/readyz` and `/metrics`."""

import hmac
import ipaddress
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalogue.observability.health import liveness as health
from catalogue.observability.health.readiness import Report, rounds
from catalogue.observability.loading import load
from catalogue.web.client_address import parse_address

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


@csrf_exempt
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The same as `catalogue.observability.asgi` answers, for servers without it (`runserver`)."""
    return HttpResponse(health.ALIVE, content_type="application/json")


@csrf_exempt
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 if all that READY_NEEDS names works, else 503. Always JSON: only machines ask.

    `{"status": "ready" | "degraded" | "unready", "parts": {"database": "ok", …}}`; with METRICS_TOKEN, or from this
    machine, each part is an object with state, needed, reason, age_seconds and check_seconds.
    """
    load()
    report = rounds.report()
    document = {"status": report.status, "parts": _parts(report, detailed=has_token(request) or _is_local(request))}
    headers = {} if report.ready else {"Retry-After": "5"}
    return _unlogged(JsonResponse(document, status=200 if report.ready else 503, headers=headers))


@csrf_exempt
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus's text format for `Authorization: Bearer METRICS_TOKEN`, 401 without, 404 if none is set."""
    if not settings.METRICS_TOKEN:
        raise Http404("Metrics are off: METRICS_TOKEN is not set.")
    if not has_token(request):
        problem = {"type": "about:blank", "title": "Unauthorized", "status": 401, "detail": "Send the metrics token."}
        headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
        return _unlogged(JsonResponse(problem, status=401, content_type="application/problem+json", headers=headers))
    # Without METRICS_TOKEN no process needs them.
    from prometheus_client import CONTENT_TYPE_LATEST

    # As above.
    from catalogue.observability.prometheus import exposition

    load()
    return HttpResponse(exposition.text(), content_type=CONTENT_TYPE_LATEST)


def _unlogged(response: HttpResponse) -> HttpResponse:
    """Not an error of the site: Django shall not log each answer to a prober as one."""
    response._has_been_logged = True  # type: ignore[attr-defined]  # what django.utils.log.log_response looks at
    return response


def has_token(request: HttpRequest) -> bool:
    """Whether the request carries METRICS_TOKEN as its bearer token."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if not settings.METRICS_TOKEN or scheme.lower() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), settings.METRICS_TOKEN.encode())


def _is_local(request: HttpRequest) -> bool:
    """Whether it comes from this machine itself. What a proxy passes on does not, trusted or not."""
    if any(name in request.META for name in _FORWARDED):
        return False
    address = parse_address(request.META.get("REMOTE_ADDR", ""))
    return isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address) and address.is_loopback


def _parts(report: Report, *, detailed: bool) -> dict[str, Any]:
    if not detailed:
        return {part.name: part.state for part in report.parts}
    return {
        part.name: {
            "state": part.state,
            "needed": part.needed,
            "reason": part.reason,
            "age_seconds": part.age,
            "check_seconds": part.seconds,
        }
        for part in report.parts
    }
