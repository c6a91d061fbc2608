"""/healthz: whether this process can serve, for supervisors and load balancers."""

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalogue.errors import Problem, respond


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 `{"status": "ok", "database": "ok"}`, or a 503 problem while the database does not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        problem = Problem(503, detail="The database does not answer.", headers={"Retry-After": "5"})
        return respond(request, problem)
    return JsonResponse({"status": "ok", "database": "ok"})
