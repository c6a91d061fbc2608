"""GET /labs/<id>/inside/<resource>: what is in one box of the diagram, as JSON, as a page, or as the panel's HTML."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.views.requests import AtOnce, find_lab, require_live
from catalogue.labs.watching.inside import Inside, can_look, look_inside
from catalogue.patterns.content.pattern import Pattern
from catalogue.web.errors import Problem, wants_html

_looks = AtOnce(2, "One look at a time", "Two requests are already looking inside this lab.", retry_after=1)


@require_safe
def inside(request: HttpRequest, lab_id: str, resource: str) -> HttpResponse:
    """Problem: 404 for a resource that cannot be looked into, 409 or 410 if the lab is not live, 429, 503."""
    part = request.GET.get("part", "")
    if part not in ("", "view"):
        raise Problem(422, "No such part", "`part` must be `view`. You can also leave it out.")
    lab = services.refresh_lab(find_lab(lab_id))
    require_live(lab)
    seen = _look(lab, resource)
    response: HttpResponse
    if part or wants_html(request):
        pattern = pattern_of(lab)
        context = {"lab_id": lab.pk, "pattern": pattern, "inside": seen, "source": _source(lab, pattern, resource)}
        response = render(request, "labs/_inside.html" if part else "labs/inside.html", context)
        response["Referrer-Policy"] = "same-origin"  # the address is a capability
    else:
        response = JsonResponse(document(seen))
    response["Cache-Control"] = "no-store"
    response["Vary"] = "Accept"
    return response


def boxes(lab: Lab, pattern: Pattern | None) -> list[dict[str, str]]:
    """The boxes of the diagram that can be looked into: `label` and `href`, in the order of the picture."""
    if pattern is None or lab.variant != "pattern":
        return []
    resources = resources_of(lab)
    return [
        {"label": node.label, "href": reverse("labs:inside", args=[lab.pk, node.id])}
        for node in pattern.diagram.nodes
        if node.id in resources and can_look(resources[node.id].type)
    ]


def document(seen: Inside) -> dict[str, Any]:
    found: dict[str, Any] = {
        "resource": seen.id,
        "type": seen.type,
        "kind": seen.contents.kind,
        "entries": [
            {"title": entry.title, "text": entry.text, "facts": list(entry.facts)} for entry in seen.contents.entries
        ],
        "more": seen.contents.more,
        "note": seen.contents.note,
    }
    if seen.log is not None:
        found["log"] = [line.message.rstrip("\n") for line in seen.log]
    return found


def _look(lab: Lab, resource: str) -> Inside:
    with _looks.one_of(lab.pk):
        try:
            seen = look_inside(lab, resource)
        except (TargetDown, ClientError, BotoCoreError) as error:
            raise Problem(503, "AWS is not available", str(error), headers={"Retry-After": "2"}) from None
    if seen is None:
        detail = f"This lab's stack has no resource {resource[:80]!r} that can be looked into."
        raise Problem(404, "Nothing to look into", detail)
    return seen


def _source(lab: Lab, pattern: Pattern | None, resource: str) -> str:
    """The address of the resource in the template; empty where it was made by SAM, and for the naive design."""
    found = pattern.template.resources.get(resource) if pattern and lab.variant == "pattern" else None
    if pattern is None or found is None:
        return ""
    return f"{reverse('patterns:source', args=[pattern.slug, 'template.yaml'])}#L{found.line}"
