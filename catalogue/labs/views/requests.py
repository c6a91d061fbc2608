"""What a request to the labs asks for: which lab, with which fields, and whether it may. Each answer or a Problem."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest

from catalogue.labs.lifecycle import ownership, services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.base import OUT_OF_REACH
from catalogue.web.errors import Problem


def fields(request: HttpRequest) -> Mapping[str, Any]:
    """The body's members, of JSON or of a form. Raises Problem (400, 415)."""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data", ""):
        return request.POST.dict()
    if request.content_type != "application/json":
        raise Problem(415, detail="Send JSON or a form.", headers={"Accept": "application/json"})
    if not request.body:
        return {}
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "Not JSON", "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Problem(400, "Not an object", "The body must be a JSON object.")
    return fields


def find_lab(lab_id: str) -> Lab:
    """The lab of this id. Raises Problem (404)."""
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is None:
        raise Problem(
            404, "No such lab", "This address belongs to no lab, or its lab was deleted. Run a pattern again."
        )
    return lab


def ready_lab(request: HttpRequest, lab_id: str) -> Lab:
    """A lab that its owner may act upon now.

    Raises Problem: 403 for others, 409 while deploying, 410 when over, 503 while another machine holds it that cannot
    be reached from here.
    """
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    require_live(lab)
    if services.out_of_reach(lab):
        raise Problem(503, "The lab cannot be reached from here", OUT_OF_REACH, headers={"Retry-After": "5"})
    return lab


def require_live(lab: Lab) -> None:
    """Raises Problem: 409 while the lab is deploying, 410 when it is over."""
    if lab.status == Status.DEPLOYING:
        raise Problem(409, "Still deploying", "The lab's stack is being created.", headers={"Retry-After": "1"})
    if lab.status != Status.READY:
        raise Problem(410, "This lab is gone", lab.reason)
