"""Updates the stack of an opened template in place, as `sam deploy` does. What was deployed stays where that fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from django.utils import timezone

from catalogue.labs.lifecycle.packaging import packages
from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.lifecycle.services import OF_A_PROJECT
from catalogue.labs.lifecycle.stacks import Stack, read_stack
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Target, TargetDown

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import Pattern

_PAUSE_SECONDS = 0.02
_NO_UPDATES = "No updates are to be performed"


class NotUpdated(Exception):
    """The stack is as it was before; the message says why."""


def update_lab(lab: Lab, pattern: Pattern) -> bool:
    """Make a ready lab's stack what the template says now, with the code as it is now. Raises NotUpdated.

    False if the stack is so already.

    Physical resources that the template still has are kept, with what they hold, as far as the change allows:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
    """
    target, is_new = target_of(lab), True
    try:
        package = packages.package(pattern)
        bucket = packaging.upload(target, package.artifacts)
        cloudformation = target.client("cloudformation")
        template = target.adapt(package.for_bucket(bucket, target.artifact_prefix))
        cloudformation.update_stack(
            StackName=lab.stack,
            Capabilities=OF_A_PROJECT,
            **packaging.template_argument(target, bucket, template),
        )
    except (PackagingError, TargetDown) as error:
        raise NotUpdated(str(error)) from None
    except ClientError as error:
        reason = str(error.response["Error"].get("Message") or error)
        if _NO_UPDATES not in reason:
            raise NotUpdated(reason) from None
        is_new = False
    except BotoCoreError:
        raise NotUpdated("The embedded AWS did not answer while the stack was being updated.") from None
    stack = _settled(target, lab)
    if is_new and not stack.complete:
        raise NotUpdated(stack.reason(cloudformation))
    _take_over(target, lab, stack, pattern, [artifact.key for artifact in package.artifacts])
    return is_new


def _take_over(target: Target, lab: Lab, stack: Stack, pattern: Pattern, artifacts: list[str]) -> None:
    """Do what CloudFormation leaves undone, and let the lab's row say what there is now."""
    cloudformation = target.client("cloudformation")
    try:
        resources = stack.resources(cloudformation)
        target.after_deploy(lambda: stack.deployed(cloudformation, resources), resources)
        upstream = target.upstream(stack.outputs["Endpoint"]) if "Endpoint" in stack.outputs else ""
    except (ClientError, BotoCoreError, ValueError, TargetDown) as error:
        raise NotUpdated(f"What the template asks for could not be set up after the update: {error}") from error
    Lab.objects.filter(pk=lab.pk, status=Status.READY).update(
        content_hash=pattern.content_hash,
        artifacts=artifacts,
        upstream=upstream,
        resources={logical: list(resource) for logical, resource in resources.items()},
        used_at=timezone.now(),
    )


def _settled(target: Target, lab: Lab) -> Stack:
    """The stack once CloudFormation is done with it. Raises NotUpdated if that takes too long."""
    deadline = time.monotonic() + target.deploy_seconds
    while True:
        stack = read_stack(target.client("cloudformation"), lab.stack)
        if stack is None:
            raise NotUpdated("The stack is gone.")
        if not stack.status.endswith("_IN_PROGRESS"):
            return stack
        if time.monotonic() >= deadline:
            raise NotUpdated(f"CloudFormation did not finish within {target.deploy_seconds:.0f} seconds.")
        time.sleep(_PAUSE_SECONDS)
