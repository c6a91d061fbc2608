"""A lab as the outside sees it."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from catalogue.labs.models import Lab, Status


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
        "extendable": lab.live and lab.extended_at is None,
        "pulled": lab.pulled,
    }
    if lab.ready_at is not None:
        document["ready_at"] = lab.ready_at.isoformat()
        document["deploy_ms"] = round((lab.ready_at - lab.created_at).total_seconds() * 1000)
    if lab.reason:
        document["reason"] = lab.reason
    return document


def status_text(lab: Lab, *, owned: bool = True) -> str:
    """One sentence on the lab's state, to whoever started it or to somebody else."""
    your = "your" if owned else "this"
    match lab.status:
        case Status.READY:
            return f"{your.capitalize()} stack is ready."
        case Status.DEPLOYING:
            return f"CloudFormation is creating {your} stack. Reload this page in a moment."
        case Status.FAILED:
            return f"CloudFormation could not create the stack: {lab.reason}"
        case _:
            return f"This lab is gone. {lab.reason}"
