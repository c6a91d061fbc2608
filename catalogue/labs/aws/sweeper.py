"""Deletes resources on AWS that have outlived their stack. `labs.lifecycle.leftovers` deletes the stacks themselves.

It touches only what carries this site's tag and the prefix that is made from the site's id, so that several sites share
an account safely. Every function may be run by several processes at once and be killed at any moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError
from django.utils import timezone

from catalogue.labs.aws.site import EXPIRES_TAG, LAB_TAG, SITE_TAG, site_id, site_prefix
from catalogue.labs.services.iam import delete_role
from catalogue.labs.services.model import Leftover
from catalogue.labs.services.registry import lab_services
from catalogue.processes import heartbeat

logger = logging.getLogger(__name__)

ORPHAN_AFTER = timedelta(minutes=20)
"""The tagging API still lists deleted resources for a while."""
_MOST_AT_ONCE = 50
"""Of orphans in one round: the next round is some minutes away, and a mistake stays small."""


def delete_orphans(client: Callable[[str], Any], wanted: Collection[str]) -> list[str]:
    """Delete tagged resources of this site whose stack is gone for good; returns their ARNs.

    They have the tags of their stack. One whose lab could still live by its `expires` tag is left alone, also when the
    database knows nothing of the lab: it may have been lost, and a visitor be at work.
    """
    standing = _standing(client)
    deleted: list[str] = []
    pages = _pages(
        client("resourcegroupstaggingapi"),
        "get_resources",
        "ResourceTagMappingList",
        TagFilters=[{"Key": SITE_TAG, "Values": [site_id()]}],
    )
    for found in pages:
        arn, tags = found["ResourceARN"], _tags(found.get("Tags", ()))
        stack = tags.get(LAB_TAG, "")
        kind = _kind_of(arn)
        if kind is None or not stack.startswith(site_prefix()) or stack in wanted or stack in standing:
            continue
        if not _is_over(tags.get(EXPIRES_TAG, "")):
            continue
        try:
            kind.delete(client, arn)
        except ClientError as error:  # gone already, most often: the tagging service hears of it late
            logger.info("The orphan %s was not deleted: %s", arn, error)
            continue
        logger.warning("Deleted the orphan %s of the stack %s", arn, stack)
        deleted.append(arn)
        if len(deleted) >= _MOST_AT_ONCE:
            break
    return deleted


def _kind_of(arn: str) -> Leftover | None:
    """None for what labs do not make, such as an API's stage, which goes with its API."""
    kinds = (kind for service in lab_services().services for kind in service.leftovers)
    return next((kind for kind in kinds if kind.arn.fullmatch(arn)), None)


def delete_roles(client: Callable[[str], Any], wanted: Collection[str]) -> list[str]:
    """Delete roles of this site whose stack is gone for good; returns their names.

    The tagging service does not know roles: they are found by the prefix of their name, and their tags are read one
    by one.
    """
    iam, standing = client("iam"), _standing(client)
    deleted: list[str] = []
    for role in _pages(iam, "list_roles", "Roles"):
        name = role["RoleName"]
        if not name.startswith(site_prefix()):
            continue
        tags = _tags(iam.list_role_tags(RoleName=name)["Tags"])
        stack = tags.get(LAB_TAG, "")
        if tags.get(SITE_TAG) != site_id() or not stack or stack in wanted or stack in standing:
            continue
        if _is_over(tags.get(EXPIRES_TAG, "")):
            delete_role(client, name)
            logger.warning("Deleted the orphan role %s of the stack %s", name, stack)
            deleted.append(name)
    return deleted


def _standing(client: Callable[[str], Any]) -> set[str]:
    """Names of this site's stacks that are still there in any state: CloudFormation looks after their resources."""
    stacks = _pages(client("cloudformation"), "describe_stacks", "Stacks")
    return {stack["StackName"] for stack in stacks if stack["StackName"].startswith(site_prefix())}


def _is_over(expires: str) -> bool:
    try:
        end = datetime.fromisoformat(expires)
    except ValueError:
        return False
    return end.tzinfo is not None and timezone.now() - end > ORPHAN_AFTER


def _tags(pairs: Any) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in pairs}


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        for item in page.get(key, ()):
            heartbeat.beat()  # what hangs is ended: a long list is not that
            yield item
