"""A kept or shared run as the outside sees it: links, and what its page shows."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from catalogue.labs.models import Lab, SharedRun
from catalogue.labs.models import Run as KeptRun
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.views import run_views

_LATEST = 8


def run_link(kept: KeptRun) -> dict[str, str]:
    """`{"id", "page"}`; the page as a path of this site."""
    return {"id": kept.pk, "page": reverse("labs:run", args=[kept.lab_id, kept.pk])}


def shared_link(shared: SharedRun) -> dict[str, str]:
    """`{"url", "expires_at"}`."""
    return {
        "url": settings.SITE_URL + reverse("runs:shared", args=[shared.pk]),
        "expires_at": shared.expires_at.isoformat(),
    }


def latest_runs(lab: Lab) -> list[dict[str, Any]]:
    """The lab's newest runs for a list of links: title, page, moment."""
    newest = KeptRun.objects.filter(lab=lab).order_by("-created_at", "-pk")[:_LATEST]
    return [{"title": str(kept), "page": run_link(kept)["page"], "at": kept.created_at} for kept in newest]


def page_context(run: Run, pattern: Pattern | None) -> dict[str, Any]:
    """What templates/runs/ need of any run. Without a pattern (it was unpublished) there is only the plain list."""
    return {
        "run": run,
        "pattern": pattern,
        "views": None if pattern is None else run_views(run, pattern),
        "heading": 2,
    }
