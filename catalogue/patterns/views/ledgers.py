"""How faithful the labs are: each pattern's ledger as a page and as JSON, and all differences on one page."""

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.content.fidelity.emulator_versions import emulator_versions
from catalogue.patterns.content.fidelity.ledgers import differing, ledger_document, ledger_rows
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.views.finding import found_pattern, of_pattern
from catalogue.patterns.views.sharing import document, shared_page
from catalogue.web.errors import Problem, read_only

LEDGERS_A_PAGE = 30


@of_pattern
def ledger(request: HttpRequest, slug: str) -> HttpResponseBase:
    pattern = _with_ledger(slug)
    rows = ledger_rows(pattern)
    context = {"pattern": pattern, "rows": rows, "differing": len(differing(pattern))}
    return shared_page(request, "patterns/ledger.html", context)


@of_pattern
def ledger_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    return document(request, ledger_document(_with_ledger(slug), settings.SITE_URL))


@read_only
def fidelity(request: HttpRequest) -> HttpResponseBase:
    """What AWS does otherwise, of all patterns that keep a ledger, so many a page."""
    kept = [card for card in library().by_slug.values() if card.ledger is not None]
    page = Paginator(kept, LEDGERS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "versions": emulator_versions(),
        "earlier": f"?page={page.previous_page_number()}" if page.has_previous() else "",
        "later": f"?page={page.next_page_number()}" if page.has_next() else "",
        "patterns": [(card, differing(card)) for card in page],
        "rows": sum(len(card.ledger.rows) for card in kept if card.ledger),
        "differences": sum(len(differing(card)) for card in kept),
    }
    return shared_page(request, "patterns/fidelity.html", context)


def _with_ledger(slug: str) -> Pattern:
    pattern = found_pattern(slug)
    if pattern.ledger is None:
        raise Problem(404, "No ledger", f"The pattern {pattern.title} has no fidelity ledger.")
    return pattern
