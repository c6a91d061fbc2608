"""Deletes what is over: labs past their time or idle, what a broken-off deletion left, and old rows.

Every function may be run by several processes at once and be killed at any moment.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from catalogue.labs import services
from catalogue.labs.limits import LIVE
from catalogue.labs.models import EdgeCall, Lab, Status
from catalogue.labs.recorder import trim_calls
from catalogue.labs.runs.services import forget_shared_runs
from catalogue.labs.stacks import Stack, read_stack
from catalogue.labs.targets import Target, TargetDown, get_target

logger = logging.getLogger(__name__)

KEEP_ROWS = timedelta(hours=24)
_YOUNG = timedelta(minutes=2)
"""What is younger may belong to a lab that is just being made."""


def tidy() -> None:
    """The frequent round: a few queries, and AWS calls only for labs that are over."""
    end_overdue_labs()
    for lab in Lab.objects.filter(status=Status.DEPLOYING):
        services.refresh_lab(lab)
    for lab in Lab.objects.filter(cleaned=False, status__in=(Status.FAILED, Status.GONE)):
        services.clean_up(lab)


def end_overdue_labs() -> None:
    now = timezone.now()
    idle = now - timedelta(seconds=settings.LABS_IDLE_SECONDS)
    for lab in Lab.objects.filter(status__in=LIVE).filter(Q(expires_at__lte=now) | Q(used_at__lte=idle)):
        reason = "Its time was over." if lab.expires_at <= now else "Nobody had used it for a while."
        services.end_lab(lab, reason)


def sweep() -> None:
    """The rare round: lost labs, leftovers on AWS, and rows that nobody asks for any more."""
    try:
        target = get_target()
        boot = target.boot_id()
        for lab in Lab.objects.filter(status__in=LIVE).exclude(boot_id=boot):
            services.mark_lost(lab)
        delete_leftover_stacks(target)
        delete_leftover_log_groups(target)
        delete_leftover_artifacts(target)
    except TargetDown:
        pass
    except (BotoCoreError, ClientError) as error:
        logger.warning("Sweeping: %s", error)
    forget_old_rows()


def delete_leftover_stacks(target: Target) -> None:
    """Stacks of this site that belong to no live lab: of a deletion broken off, or of a row that was lost."""
    cloudformation = target.client("cloudformation")
    wanted = set(Lab.objects.filter(status__in=LIVE).values_list("stack", flat=True))
    for found in _pages(cloudformation, "describe_stacks", "Stacks"):
        tags = {tag["Key"]: tag["Value"] for tag in found.get("Tags", ())}
        if (
            found["StackName"] not in wanted
            and found["StackName"].startswith(settings.LABS_STACK_PREFIX + "-")
            and tags.get(services.SITE_TAG) == settings.SITE_URL
            and not found["StackStatus"].startswith("DELETE_IN_PROGRESS")
            and timezone.now() - found["CreationTime"] > _YOUNG
        ):
            stack = read_stack(cloudformation, found["StackName"])
            if stack is not None:
                _delete(target, stack)


def _delete(target: Target, stack: Stack) -> None:
    cloudformation = target.client("cloudformation")
    resources = stack.resources(cloudformation)
    target.before_delete(resources)
    cloudformation.delete_stack(StackName=stack.name)
    services.delete_log_groups(target, resources)


def delete_leftover_log_groups(target: Target) -> None:
    """Log groups of functions whose stack is gone: a function that was still running may have made its own anew."""
    logs = target.client("logs")
    live = {stack + "-" for stack in Lab.objects.filter(status__in=LIVE).values_list("stack", flat=True)}
    prefix = f"/aws/lambda/{settings.LABS_STACK_PREFIX}-"
    for group in _pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
        name = group["logGroupName"]
        stack = name.removeprefix("/aws/lambda/")
        if not any(stack.startswith(one) for one in live) and _is_old(group.get("creationTime", 0)):
            logs.delete_log_group(logGroupName=name)


def delete_leftover_artifacts(target: Target) -> None:
    """Code and templates on S3 that no live lab was made from."""
    s3, bucket = target.client("s3"), target.bucket()
    wanted: set[str] = set()
    for keys in Lab.objects.filter(status__in=LIVE).values_list("artifacts", flat=True):
        wanted.update(keys)
    doomed = [
        {"Key": item["Key"]}
        for item in _pages(s3, "list_objects_v2", "Contents", Bucket=bucket)
        if item["Key"] not in wanted and timezone.now() - item["LastModified"] > _YOUNG
    ]
    for start in range(0, len(doomed), 1000):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed[start : start + 1000], "Quiet": True})


def forget_old_rows() -> None:
    """Bound what the database keeps: calls of each lab, and rows of labs that have been over for a day."""
    Lab.objects.filter(cleaned=True, gone_at__lt=timezone.now() - KEEP_ROWS).delete()
    for lab_id in _chatty():
        trim_calls(lab_id)
    forget_shared_runs()


def _chatty() -> Iterable[str]:
    return EdgeCall.objects.order_by().values_list("lab_id", flat=True).distinct()


def _is_old(created_ms: int) -> bool:
    return timezone.now().timestamp() - created_ms / 1000 > _YOUNG.total_seconds()


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        yield from page.get(key, ())
