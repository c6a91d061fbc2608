"""Deletes what this site has left on a target: stacks of no live lab, log groups of functions that are gone, old code.

It touches only what carries this site's tag or the prefix that is made from the site's id, so that several sites share
an account, and a bucket, safely. Every function may be run by several processes at once and be killed at any moment.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from catalogue.labs.aws.site import SITE_TAG, site_id, site_prefix
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import read_stack
from catalogue.labs.lifecycle.support.one_failing import one_failing
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.base import Target
from catalogue.processes import heartbeat

YOUNG = timedelta(minutes=2)
"""What is younger may belong to a lab that is just being made."""


def delete_stacks(target: Target, wanted: Collection[str]) -> list[str]:
    """Delete this site's stacks that belong to no live lab; returns their names. `wanted` are those that do.

    One that could not be deleted is tried again, and that time leaves behind what it cannot delete, which on AWS
    `aws.sweeper` then finds by its tag.
    """
    cloudformation = target.client("cloudformation")
    deleted = []
    for found in _pages(cloudformation, "describe_stacks", "Stacks"):
        name, status = found["StackName"], found["StackStatus"]
        if name in wanted or not _is_ours(found) or status == "DELETE_IN_PROGRESS":
            continue
        if timezone.now() - found["CreationTime"] <= YOUNG:
            continue
        with one_failing("Deleting a leftover stack"):
            stack = read_stack(cloudformation, name)
            if stack is None:
                continue
            resources = stack.resources(cloudformation)
            target.before_delete(resources)
            force = {"DeletionMode": "FORCE_DELETE_STACK"} if status == "DELETE_FAILED" else {}
            cloudformation.delete_stack(StackName=name, **force)
            services.delete_log_groups(target, resources)
            deleted.append(name)
    return deleted


def _is_ours(stack: dict[str, Any]) -> bool:
    """Both must match: another stack may have such a name by chance, and anyone in the account can set a tag."""
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", ())}
    return stack["StackName"].startswith(site_prefix()) and tags.get(SITE_TAG) == site_id()


def delete_log_groups(target: Target, wanted: Collection[str]) -> list[str]:
    """Delete the log groups of functions whose stack is gone: one that still ran may have made its own again.

    Lambda makes them at a function's first call, outside the stack and without its tags.
    """
    logs = target.client("logs")
    live = tuple(f"{stack}-" for stack in wanted)
    deleted = []
    for form in set(lab_services().log_groups.values()):
        for group in _pages(logs, "describe_log_groups", "logGroups", logGroupNamePrefix=form.format(site_prefix())):
            name = group["logGroupName"]
            age = timezone.now().timestamp() - group.get("creationTime", 0) / 1000
            if name.removeprefix(form.format("")).startswith(live) or age <= YOUNG.total_seconds():
                continue
            with one_failing("Deleting a leftover log group"):
                logs.delete_log_group(logGroupName=name)
                deleted.append(name)
    return deleted


def delete_artifacts(target: Target, wanted: Collection[str]) -> int:
    """Delete this site's code and templates that no live lab was made from; returns how many. `wanted` are keys."""
    s3, bucket, prefix = target.client("s3"), target.bucket(), target.artifact_prefix
    doomed = [
        {"Key": item["Key"]}
        for item in _pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix=prefix)
        if item["Key"].removeprefix(prefix) not in wanted and timezone.now() - item["LastModified"] > YOUNG
    ]
    for start in range(0, len(doomed), 1000):
        s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed[start : start + 1000], "Quiet": True})
    return len(doomed)


def _pages(client: Any, operation: str, key: str, **arguments: Any) -> Iterator[dict[str, Any]]:
    for page in client.get_paginator(operation).paginate(**arguments):
        for item in page.get(key, ()):
            heartbeat.beat()  # what hangs is ended: a long list is not that
            yield item
