"""Addresses of runs: a lab's own under /labs/<id>/runs, and what was shared under /runs/<token>."""

import logging
from datetime import UTC

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import http_date
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalogue.labs.demos.runs.capture import run_of_call
from catalogue.labs.demos.runs.represent import page_context, run_link, shared_link
from catalogue.labs.demos.runs.services import TooManyShared, keep_run, share_run
from catalogue.labs.lifecycle import ownership
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab, SharedRun
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.views.requests import AtOnce, fields, find_lab, ready_lab
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.exports.otlp import otlp
from catalogue.patterns.runs.document import Run, Unreadable, read_run
from catalogue.web.errors import Problem, read_only, wants_html

_errors = RateLimitedLog(logging.getLogger(__name__))
_readings = AtOnce(3, "A run is in progress", "Runs of this lab are being read.", retry_after=1)


@csrf_exempt
@require_POST
async def keep(request: HttpRequest, lab_id: str) -> HttpResponse:
    """POST {"trace": "1-…"}: keep the run of one call that the lab's endpoint has answered; 201 with its address."""
    lab, trace = await in_database(_asked_for, request, lab_id)
    with _readings.one_of(lab_id):
        run = await run_of_call(lab, trace)
    if run is None:
        raise Problem(404, "No such call", "None of the calls that this lab remembers has this trace ID.")
    link = run_link(await in_database(keep_run, lab, run))
    if wants_html(request):
        return _see_other(link["page"])
    return JsonResponse({"run": link}, status=201, headers={"Location": link["page"], "Cache-Control": "no-store"})


@read_only
def kept(request: HttpRequest, lab_id: str, run_id: str) -> HttpResponse:
    """One run of a lab, for anyone who knows the lab's id: page, JSON, or the views alone with `?part=views`."""
    lab = find_lab(lab_id)
    found = _kept(lab, run_id)
    run = _read(found)
    if request.GET.get("part") == "views":
        return _fragment(request, run, pattern_of(lab), share=_share_address(request, found))
    if not wants_html(request):
        return _private(JsonResponse(found.document))
    context = page_context(run, pattern_of(lab)) | {
        "lab": lab,
        "kept": found,
        "share": _share_address(request, found),
        "share_days": settings.LABS_SHARE_DAYS,
    }
    return _private(render(request, "runs/page.html", context), referrer="same-origin")


@read_only
def kept_json(request: HttpRequest, lab_id: str, run_id: str) -> HttpResponse:
    """The same as data, whatever was asked for."""
    return _private(JsonResponse(_kept(find_lab(lab_id), run_id).document))


@read_only
def kept_otlp(request: HttpRequest, lab_id: str, run_id: str) -> HttpResponse:
    """The same as OpenTelemetry's spans, in OTLP's JSON."""
    return _private(JsonResponse(otlp(_read(_kept(find_lab(lab_id), run_id)))))


@csrf_exempt
@require_POST
def share(request: HttpRequest, lab_id: str, run_id: str) -> HttpResponse:
    """Make a link that anybody may follow: 201 {"url", "expires_at"}, or 303 to it. Problem 429 past the limit."""
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    try:
        shared = share_run(_kept(lab, run_id))
    except TooManyShared as limit:
        headers = {"Retry-After": str(limit.retry_after)}
        raise Problem(429, "Daily limit of shared runs reached", str(limit), headers=headers) from None
    if wants_html(request):
        return _see_other(reverse("runs:shared", args=[shared.pk]))
    link = shared_link(shared)
    return JsonResponse(link, status=201, headers={"Location": link["url"], "Cache-Control": "no-store"})


@read_only
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """A shared run as its page, or as JSON; 404 for an unknown one, 410 when its time is over."""
    found, run = _shared(token)
    pattern = _published(run.pattern)
    if request.GET.get("part") == "views":
        return _fragment(request, run, pattern)
    if not wants_html(request):
        return _open(JsonResponse(found.document), found)
    context = page_context(run, pattern) | {"shared": found, "link": shared_link(found)}
    return _open(render(request, "runs/share.html", context), found)


@read_only
def shared_json(request: HttpRequest, token: str) -> HttpResponse:
    """The same as data, whatever was asked for."""
    found, _ = _shared(token)
    return _open(JsonResponse(found.document), found)


@read_only
def shared_otlp(request: HttpRequest, token: str) -> HttpResponse:
    """The same as OpenTelemetry's spans, in OTLP's JSON."""
    found, run = _shared(token)
    return _open(JsonResponse(otlp(run)), found)


def _asked_for(request: HttpRequest, lab_id: str) -> tuple[Lab, str]:
    lab = ready_lab(request, lab_id)
    trace = fields(request).get("trace")
    if not isinstance(trace, str) or not 0 < len(trace) <= 64:
        raise Problem(422, "Which call?", 'Name it by its trace id: {"trace": "1-…"}, the Root of X-Amzn-Trace-Id.')
    return lab, trace.removeprefix("Root=")


def _kept(lab: Lab, run_id: str) -> KeptRun:
    found = KeptRun.objects.select_related("lab").filter(lab=lab, pk=run_id).first()
    if found is None:
        raise Problem(404, "No such run", "This lab has no such run. Only its latest runs are kept.")
    return found


def _shared(token: str) -> tuple[SharedRun, Run]:
    found = SharedRun.objects.filter(pk=token).first()
    if found is None:
        raise Problem(404, "No such run", "There is no shared run at this address, or it has expired.")
    if found.expires_at <= timezone.now() or not found.document:
        raise Problem(
            410,
            "This run is no longer shared",
            "A shared run is available for some weeks, and this one has expired. Run the pattern to see it live.",
        )
    return found, _read(found)


def _read(found: KeptRun | SharedRun) -> Run:
    """Raises Problem (410) for a run that an earlier version has kept in a form that is no longer read."""
    try:
        return read_run(found.document)
    except Unreadable as error:
        _errors.exception("A kept run cannot be read", error)
        detail = "It was saved by an earlier version of this site. Run the pattern again to get a new one."
        raise Problem(410, "This run can no longer be read", detail) from None


def _published(slug: str) -> Pattern | None:
    return library().published(slug)


def _share_address(request: HttpRequest, found: KeptRun) -> str:
    """Where the owner shares it; empty for others."""
    return reverse("labs:share_run", args=[found.lab_id, found.pk]) if ownership.owns(request, found.lab) else ""


def _fragment(request: HttpRequest, run: Run, pattern: Pattern | None, share: str = "") -> HttpResponse:
    context = page_context(run, pattern) | {"share": share, "heading": 3}
    template = "runs/_views.html" if pattern is not None else "runs/_plain.html"
    return _private(render(request, template, context))


def _see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    response["Cache-Control"] = "no-store"
    return response


def _private(response: HttpResponse, referrer: str = "no-referrer") -> HttpResponse:
    """For an address that holds a lab's id, which is a capability: not stored, not listed, not passed on."""
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept, Cookie"
    response["Referrer-Policy"] = referrer
    response["X-Robots-Tag"] = "noindex"
    return response


def _open(response: HttpResponse, shared: SharedRun) -> HttpResponse:
    """For anyone who was given the link; RFC 8594 names the header that says until when."""
    response["Sunset"] = http_date(shared.expires_at.astimezone(UTC).timestamp())
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response
