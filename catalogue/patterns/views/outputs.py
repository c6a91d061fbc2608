"""The catalogue as files: data, text, feeds, downloads, pictures. All answer GET and HEAD, conditionally."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.templatetags.static import static

from catalogue.patterns.content.cards import Card
from catalogue.patterns.content.library import library
from catalogue.patterns.diagrams.style import FILE_STYLE_HASH
from catalogue.patterns.diagrams.svg import render_diagram_file
from catalogue.patterns.documents import crawlers, feeds
from catalogue.patterns.documents import models as documents
from catalogue.patterns.documents.download.project import build_project
from catalogue.patterns.documents.openapi.description import openapi_text
from catalogue.patterns.documents.prose.plain import as_markdown
from catalogue.patterns.documents.share.image import diagram_image, share_image
from catalogue.patterns.views.finding import found_pattern, of_pattern
from catalogue.patterns.views.sharing import document, shared
from catalogue.web.errors import read_only
from catalogue.web.security_headers import NO_DOCUMENT

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


@of_pattern
def pattern_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    return document(request, documents.pattern_document(found_pattern(slug), settings.SITE_URL))


@read_only
def openapi(request: HttpRequest) -> HttpResponseBase:
    return shared(request, openapi_text(settings.SITE_URL), JSON)


@of_pattern
def markdown(request: HttpRequest, slug: str) -> HttpResponseBase:
    # RFC 7763, with the flavour left open.
    text = as_markdown(found_pattern(slug), settings.SITE_URL)
    return shared(request, text, "text/markdown; charset=utf-8")


@of_pattern
def project(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, build_project(found_pattern(slug)), "application/zip", download=f"{slug}.zip")


@of_pattern
def diagram(request: HttpRequest, slug: str) -> HttpResponseBase:
    response = shared(request, render_diagram_file(found_pattern(slug)), "image/svg+xml")
    # Opened on its own, a picture has this one style and no business with anything else.
    response["Content-Security-Policy"] = f"{NO_DOCUMENT}; sandbox; style-src '{FILE_STYLE_HASH}'"
    return response


@of_pattern
def share(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, share_image(found_pattern(slug)), "image/png")


@of_pattern
def diagram_png(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, diagram_image(found_pattern(slug)), "image/png")


@read_only
def feed(request: HttpRequest) -> HttpResponseBase:
    text = feeds.atom(_published(), settings.SITE_URL, settings.SITE_NAME)
    return shared(request, text, "application/atom+xml; charset=utf-8")


@read_only
def sitemap(request: HttpRequest) -> HttpResponseBase:
    return shared(request, crawlers.sitemap(_published(), settings.SITE_URL), "application/xml")


@read_only
def robots(request: HttpRequest) -> HttpResponseBase:
    return shared(request, crawlers.robots(settings.SITE_URL), TEXT)


@read_only
def favicon(request: HttpRequest) -> HttpResponseBase:
    """For what names no icon of its own: a mail in the archive, a raw file, a feed reader."""
    return redirect(static("icons/favicon.png"))


@read_only
def llms(request: HttpRequest) -> HttpResponseBase:
    text = crawlers.llms(_published(), settings.SITE_URL, settings.SITE_NAME)
    return shared(request, text, "text/markdown; charset=utf-8")


def _published() -> list[Card]:
    return list(library().by_slug.values())
