"""A lab as the outside sees it."""

import hashlib
from typing import Any

from django.conf import settings
from django.urls import reverse

from catalogue.labs.aws.shared import NOTICE
from catalogue.labs.lifecycle.content import pattern_of
from catalogue.labs.lifecycle.limits import ends_at
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern


def endpoint(lab: Lab) -> str:
    """The address to call, without a slash at its end."""
    return f"{settings.SITE_URL}/live/{lab.pk}"


def lab_document(lab: Lab) -> dict[str, Any]:
    """The lab's JSON; times are ISO 8601 in UTC. `reason` is there if it failed or is gone."""
    document: dict[str, Any] = {
        "id": lab.pk,
        "pattern": lab.pattern,
        "variant": lab.variant,
        "status": lab.status,
        "endpoint": endpoint(lab),
        "page": settings.SITE_URL + reverse("labs:detail", args=[lab.pk]),
        "created_at": lab.created_at.isoformat(),
        "expires_at": lab.expires_at.isoformat(),
        "ends_at": ends_at(lab).isoformat(),
        "extendable": lab.live and lab.extended_at is None and not settings.PROJECT_OWNER,
        "pulled": lab.pulled,
    }
    if lab.ready_at is not None:
        document["ready_at"] = lab.ready_at.isoformat()
        document["deploy_ms"] = round((lab.ready_at - lab.created_at).total_seconds() * 1000)
    if lab.reason:
        document["reason"] = lab.reason
    if settings.PROJECT_TEMPLATE and (pattern := pattern_of(lab)) is not None:
        document["drawing"] = _drawing(pattern)
    if lab.is_lease:
        document |= {"shared": True, "notice": NOTICE}
    return document


def _drawing(pattern: Pattern) -> str:
    """A hash of what a page shows of an opened template: its diagram, its steps, its lines."""
    made_of = repr((pattern.diagram, pattern.demo, pattern.template.text))
    return hashlib.sha256(made_of.encode()).hexdigest()[:16]


def progress_document(lab: Lab) -> dict[str, Any]:
    """`{"progress": {"done": 3, "total": 11, "now": ["Queue"], "text": …}}` while CloudFormation creates the stack.

    Empty otherwise, and where AWS does not tell it. May ask AWS, at most every two seconds.
    """
    if lab.status != Status.DEPLOYING:
        return {}
    deployed = lab.host if lab.host is not None else lab
    try:
        progress = target_of(deployed).progress(deployed.stack)
    except TargetDown:
        return {}
    return {} if progress is None else {"progress": progress.document()}


def trouble_document(trouble: str) -> dict[str, Any]:
    """`{"trouble": …}`, a sentence, while the lab's AWS does not answer; empty otherwise."""
    return {"trouble": trouble} if trouble else {}


def status_text(lab: Lab, *, owned: bool = True, progress: str = "", trouble: str = "") -> str:
    """One or two sentences on the lab's state, to its owner or to another reader.

    `progress` and `trouble` are as in its documents.
    """
    your = "your" if owned else "this"
    if trouble:
        return f"{trouble} What is done to {your} stack fails until it does. Reload this page in a moment."
    match lab.status:
        case Status.READY:
            return f"{your.capitalize()} stack is ready.{' ' + NOTICE if lab.is_lease else ''}"
        case Status.DEPLOYING:
            how_far = f": {progress}." if progress else "."
            return f"CloudFormation is creating {your} stack{how_far} Reload this page in a moment."
        case Status.FAILED:
            return f"CloudFormation could not create the stack: {lab.reason}"
        case _:
            return f"This lab is gone. {lab.reason}"
