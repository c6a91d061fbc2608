"""A comparison as the outside sees it: its JSON, and what its page shows."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from catalogue.labs.demos import expectations
from catalogue.labs.demos.comparisons.results.result import SIDES, Json
from catalogue.labs.demos.comparisons.results.table import rows
from catalogue.labs.demos.comparisons.services import labs_of
from catalogue.labs.demos.comparisons.traffic import in_one_line
from catalogue.labs.models import Comparison
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.views.represent import endpoint, lab_document
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas import comparison as compare_schema
from catalogue.patterns.content.schemas.comparison import Side
from catalogue.patterns.content.schemas.pattern import Request
from catalogue.patterns.diagrams.svg import render_diagram
from catalogue.patterns.diagrams.twin import render_twin
from catalogue.patterns.documents.download.curl import command
from catalogue.patterns.services.known import Service, services
from catalogue.patterns.services.registry import registry

_FUNCTION = "AWS::Serverless::Function"


def comparison_document(comparison: Comparison, pattern: Pattern | None) -> Json:
    """The comparison's JSON; `result` is there once a run has come to one, that of the latest such run.

    `now` is this site's clock in Unix seconds: what the labs' event streams tell from then on is later than this.
    """
    document: Json = {
        "id": comparison.pk,
        "pattern": comparison.pattern_lab.pattern,
        "state": comparison.state,
        "page": settings.SITE_URL + page_of(comparison),
        "labs": {side: lab_document(lab) for side, lab in labs_of(comparison).items()},
        "created_at": comparison.created_at.isoformat(),
        "now": round(time.time(), 3),
    }
    if comparison.reason:
        document["reason"] = comparison.reason
    if comparison.result is not None:
        document["result"] = _result(comparison, pattern)
    return document


def page_of(comparison: Comparison) -> str:
    return reverse("labs:comparisons:detail", args=[comparison.pk])


def _result(comparison: Comparison, pattern: Pattern | None) -> Json:
    """The kept result with its figures as a table, and links to both sides' runs."""
    result: Json = dict(comparison.result or {})
    pages = run_pages(comparison)
    result["sides"] = {side: {**result["sides"][side], "run": pages[side]} for side in SIDES}
    if pattern is not None and pattern.compare is not None:
        result["figures"] = [
            {
                "id": row.id,
                "label": row.label,
                "why": row.why,
                "unit": row.unit,
                "pattern": row.pattern,
                "naive": row.naive,
                "better": row.better,
            }
            for row in rows(pattern.compare, result)
        ]
    return result


def kept_runs(comparison: Comparison) -> dict[Side, KeptRun]:
    """The runs of the latest result that are still kept."""
    found: dict[Side, KeptRun] = {}
    for side in SIDES:
        id = (comparison.result or {}).get("sides", {}).get(side, {}).get("run")
        kept = KeptRun.objects.filter(pk=id).first() if id else None
        if kept is not None:
            found[side] = kept
    return found


def run_pages(comparison: Comparison) -> dict[Side, str | None]:
    """Where each side's run can be replayed; None where it is no longer kept."""
    runs = kept_runs(comparison)
    return {
        side: reverse("labs:run", args=[runs[side].lab_id, runs[side].pk]) if side in runs else None for side in SIDES
    }


@dataclass(frozen=True)
class Part:
    """A resource of one side in a line: what it is, what it does, and where that stands."""

    id: str
    service: Service
    what: str
    file: str
    """The handler's file for a function, else the template; as a path inside the pattern's folder."""
    line: int | None


@dataclass(frozen=True)
class SideCard:
    side: Side
    title: str
    sentence: str
    template: str
    """Its file in the pattern's folder."""
    parts: Sequence[Part]
    endpoint: str
    lab: str
    status: str
    curl: str
    requests: int
    """How many of the traffic's requests are for this side."""
    diagram: SafeString
    api: str
    """Logical id of the API whose requests are counted on the diagram; empty without one."""


def cards(comparison: Comparison, pattern: Pattern) -> list[SideCard]:
    """Both sides as the page introduces them: the pattern first."""
    assert pattern.compare is not None
    assert pattern.naive is not None
    templates: dict[Side, tuple[str, Template]] = {
        "pattern": ("template.yaml", pattern.template),
        "naive": ("naive.yaml", pattern.naive),
    }
    sentences: dict[Side, str] = {"pattern": pattern.front.answer, "naive": pattern.compare.naive}
    titles: dict[Side, str] = {"pattern": pattern.title, "naive": "The naive twin"}
    return [
        SideCard(
            side,
            titles[side],
            sentences[side],
            templates[side][0],
            list(_parts(*templates[side], pattern)),
            endpoint(lab),
            reverse("labs:detail", args=[lab.pk]),
            lab.status,
            example(pattern.compare, endpoint(lab)),
            requests_to(pattern.compare, side),
            render_twin(pattern) if side == "naive" else render_diagram(pattern, beside=True),
            next(iter(registry().endpoints(templates[side][1])), ""),
        )
        for side, lab in labs_of(comparison).items()
    ]


def _parts(file: str, template: Template, pattern: Pattern) -> Any:
    for resource in template.resources.values():
        service = services().by_type.get(resource.type)
        if service is None or resource.type not in service.pictured:
            continue
        handler = _handler(resource, pattern)
        what = str(resource.property("Description", default="")) if resource.type == _FUNCTION else ""
        yield Part(resource.id, service, what, handler or file, None if handler else resource.line)


def _handler(resource: Resource, pattern: Pattern) -> str:
    """`functions/worker/direct.py` for a function whose code is there, else nothing."""
    if resource.type != _FUNCTION:
        return ""
    folder = str(resource.property("CodeUri", default="")).removeprefix("./").rstrip("/")
    handler = resource.property("Handler") or pattern.template.document.value.get("Globals", {}).get(
        "Function", {}
    ).get("Handler", "app.handler")
    path = f"{folder}/{str(handler).rpartition('.')[0]}.py"
    return path if any(known.path == path for known in pattern.files) else ""


def example(comparison: compare_schema.Comparison, address: str) -> str:
    """The first request of the traffic as a curl command, for the visitor to go on with."""
    request = next((part.request for part in comparison.traffic if part.request is not None), None)
    if request is None:
        return f"curl -i {address}/"
    known = {"run": "mine", "n": 1, "uuid": "{{uuid}}", "now": "{{now}}"}
    filled = request.model_dump(by_alias=True) | {"times": 1, "at_once": 1}
    return command(Request.model_validate(expectations.fill(filled, known)), address)


def requests_to(comparison: compare_schema.Comparison, side: Side) -> int:
    return sum(part.request.times for part in comparison.traffic if part.request and part.only in (None, side))


def extent(comparison: compare_schema.Comparison) -> str:
    """`43 requests to each`, `5 requests to the pattern and 4 to its twin`."""
    pattern, naive = (requests_to(comparison, side) for side in SIDES)
    each = f"{pattern} request{'' if pattern == 1 else 's'}"
    return f"{each} to each" if pattern == naive else f"{each} to the pattern and {naive} to its twin"


def traffic_lines(comparison: compare_schema.Comparison) -> list[dict[str, str]]:
    """What will be sent, part by part: title and action."""
    lines = []
    for part in comparison.traffic:
        action = in_one_line(part, "pattern") if part.request else " / ".join(in_one_line(part, side) for side in SIDES)
        only = {"pattern": "the pattern only", "naive": "the twin only", None: ""}[part.only]
        lines.append({"title": part.title, "action": action, "only": only})
    return lines
