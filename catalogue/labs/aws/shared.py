"""One long-lived stack a pattern, shared by its visitors, whose labs are leases on it (LABS_SHARED_STACKS).

A start then takes no minute of CloudFormation, and costs no stack of its own. In exchange, log lines, gauges and the
bill are those of all visitors at once, and nothing that changes the stack can be done.

The shared stack is a lab too, the host, which has no owner. So the code that makes, watches and deletes labs works on
it unchanged. A host takes leases while it outlives them; after that the next visitor's lab makes another host, and the
old one ends by its time.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone

from catalogue.base.target_names import AWS
from catalogue.labs.lifecycle.limits import LIVE
from catalogue.labs.models import LEASE_PREFIX, Lab

if TYPE_CHECKING:
    from catalogue.patterns.content.pattern import Pattern

NOTICE = (
    "You share this stack with everyone who runs this pattern now. Log lines, counts and costs include what others do, "
    "so a check of an exact count can fail. Levers are off. Do not send anything private."
)
HOST_GONE = "The shared stack of this pattern is gone. Run the pattern again."
NO_CHANGE = "This stack is shared by all visitors of the pattern, so nothing here changes it."


def is_on() -> bool:
    """The embedded AWS makes a stack in a tenth of a second: sharing one would only take something away."""
    return settings.LABS_TARGET == AWS and bool(settings.LABS_SHARED_STACKS)


def lifetime() -> timedelta:
    return timedelta(hours=settings.LABS_SHARED_HOURS)


def host_for(pattern: Pattern, variant: str) -> Lab | None:
    """The shared lab that can take one more lease of this very content. Call it inside `admission`."""
    needed = timezone.now() + timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS)  # a lease may be extended once
    return (
        Lab.objects.filter(
            shared=True,
            pattern=pattern.slug,
            variant=variant,
            content_hash=pattern.content_hash,
            status__in=LIVE,
            expires_at__gt=needed,
        )
        .order_by("-expires_at")
        .first()
    )


def lease_name() -> str:
    """What stands in a lease's `stack`, which is unique: no stack has this name."""
    return f"{LEASE_PREFIX}{secrets.token_hex(12)}"


def follow_host(lab: Lab) -> dict[str, Any]:
    """The columns of a deploying lease as its host, just refreshed, makes them."""
    host = lab.host
    if host is None:
        return {"status": "failed", "reason": HOST_GONE, "gone_at": timezone.now(), "cleaned": True}
    match host.status:
        case "ready":
            now = timezone.now()
            return {
                "status": "ready",
                "ready_at": now,
                "used_at": now,
                "upstream": host.upstream,
                "socket_upstream": host.socket_upstream,
                "resources": host.resources,
            }
        case "deploying":
            return {"status": "deploying"}
    return {"status": "failed", "reason": host.reason or HOST_GONE, "gone_at": timezone.now(), "cleaned": True}
