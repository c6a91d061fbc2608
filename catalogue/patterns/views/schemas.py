"""JSON Schema of the files that an author writes: a list of them as a page, and each of them."""

from django.conf import settings
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.documents.author_schemas import FILES, schema_text, schema_url
from catalogue.patterns.views.sharing import shared, shared_page
from catalogue.web.errors import read_only

SCHEMA = "application/schema+json"


@read_only
def schemas(request: HttpRequest) -> HttpResponseBase:
    rows = [(schema_url(name, settings.SITE_URL), f"/schemas/{name}.json", one) for name, one in FILES.items()]
    return shared_page(
        request, "patterns/schemas.html", {"rows": rows, "example": schema_url("demo", settings.SITE_URL)}
    )


@read_only
def schema(request: HttpRequest, name: str) -> HttpResponseBase:
    if name not in FILES:
        raise Http404
    return shared(request, schema_text(name, settings.SITE_URL), SCHEMA)
