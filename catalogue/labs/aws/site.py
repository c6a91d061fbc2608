"""Which site a stack belongs to: the id and the tags by which two sites can share one account."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings

if TYPE_CHECKING:
    from catalogue.labs.models import Lab

SITE_TAG = "serverless-patterns:site"
PATTERN_TAG = "serverless-patterns:pattern"
VARIANT_TAG = "serverless-patterns:variant"
LAB_TAG = "serverless-patterns:lab"
INSTANCE_TAG = "serverless-patterns:instance"
EXPIRES_TAG = "serverless-patterns:expires"
_GRACE = timedelta(minutes=15)


def site_id() -> str:
    """The name of this site among others in the account: LABS_AWS_SITE, or SITE_URL's host and port.

    It does not live in the database: a site whose database was lost still finds and deletes its own stacks.
    """
    if settings.LABS_AWS_SITE:
        return str(settings.LABS_AWS_SITE)
    try:
        return urlsplit(settings.SITE_URL).netloc.lower() or "localhost"
    except ValueError:
        return "localhost"


def site_prefix() -> str:
    """What the names of this site's stacks begin with: `patterns-lab-1a2b3c-`.

    CloudFormation gives functions, queues, tables and roles names that begin with their stack's name, so this prefix
    also identifies the site's log groups, which Lambda creates without tags.
    """
    return f"{settings.LABS_STACK_PREFIX}-{hashlib.sha256(site_id().encode()).hexdigest()[:6]}-"


def latest_end(lab: Lab) -> datetime:
    """The lab does not live longer: its lifetime, extended once, or a shared lab's own, and time for the deletion."""
    if lab.shared:
        return lab.expires_at + _GRACE
    return lab.created_at + timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS) + _GRACE


def stack_tags(lab: Lab, instance: str = "") -> list[dict[str, str]]:
    """The tags of a lab's stack. CloudFormation copies them to every resource that can have tags.

    The lab's own id is the address of its endpoint and stays secret: the stack's name stands for it.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-resource-tags.html
    """
    tags = {
        SITE_TAG: site_id(),
        PATTERN_TAG: lab.pattern,
        VARIANT_TAG: lab.variant,
        LAB_TAG: lab.stack,
        EXPIRES_TAG: latest_end(lab).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if instance:
        tags[INSTANCE_TAG] = instance
    return [{"Key": key, "Value": value[:256]} for key, value in tags.items()]
