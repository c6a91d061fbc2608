"""The recorded run of a pattern: its page with all views, the views alone, and the run as JSON."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import recorded_run
from catalogue.patterns.runs.views import run_views
from catalogue.patterns.views.finding import found_pattern, of_pattern
from catalogue.patterns.views.sharing import document, shared_page
from catalogue.web.errors import Problem


@of_pattern
def recorded(request: HttpRequest, slug: str) -> HttpResponseBase:
    """With `?part=views` the fragment that a page loads to replay it."""
    pattern, run = found_recording(slug)
    alone = request.GET.get("part") == "views"
    context = {"pattern": pattern, "run": run, "views": run_views(run, pattern), "heading": 3 if alone else 2}
    return shared_page(request, "runs/_views.html" if alone else "runs/recorded.html", context)


@of_pattern
def recorded_json(request: HttpRequest, slug: str) -> HttpResponseBase:
    return document(request, found_recording(slug)[1])


def found_recording(slug: str) -> tuple[Pattern, Run]:
    """The published pattern and its recorded run. Raises Problem (404)."""
    pattern = found_pattern(slug)
    run = recorded_run(pattern)
    if run is None:
        raise Problem(404, "No recorded run", f"There is no recorded run of the current {pattern.title}.")
    return pattern, run
