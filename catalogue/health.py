"""/healthz: whether this process can serve, for supervisors and load balancers."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe


@csrf_exempt
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 `{"status": "ok", "database": "ok"}`, or a 503 problem (RFC 9457) while the database is away.

    Always JSON, whatever is accepted: only machines ask.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        problem = {
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "The database does not answer.",
        }
        return JsonResponse(problem, status=503, content_type="application/problem+json", headers={"Retry-After": "5"})
    return JsonResponse({"status": "ok", "database": "ok"})
