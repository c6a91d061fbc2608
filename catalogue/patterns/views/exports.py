"""A pattern's diagram and text in the forms of other tools. All answer GET and HEAD, conditionally."""

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.documents.exports.block import block
from catalogue.patterns.documents.exports.drawio import drawio
from catalogue.patterns.documents.exports.mermaid import mermaid
from catalogue.patterns.documents.exports.otlp import otlp_text
from catalogue.patterns.views.finding import found_pattern, of_pattern
from catalogue.patterns.views.recorded import found_recording
from catalogue.patterns.views.sharing import shared

MERMAID = "text/vnd.mermaid; charset=utf-8"
"""https://www.iana.org/assignments/media-types/text/vnd.mermaid"""
DRAWIO = "application/vnd.jgraph.mxfile"
MARKDOWN = "text/markdown; charset=utf-8"


@of_pattern
def diagram_mermaid(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, mermaid(found_pattern(slug)), MERMAID)


@of_pattern
def diagram_drawio(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, drawio(found_pattern(slug)), DRAWIO, download=f"{slug}.drawio")


@of_pattern
def markdown_block(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, block(found_pattern(slug), settings.SITE_URL), MARKDOWN)


@of_pattern
def recorded_otlp(request: HttpRequest, slug: str) -> HttpResponseBase:
    return shared(request, otlp_text(found_recording(slug)[1]), "application/json")
