"""Everything that changes a lab: made, advanced to ready, deleted, expired. State is claimed by filtered UPDATE."""

from __future__ import annotations

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.utils import timezone

from catalogue.labs import packaging
from catalogue.labs.limits import LIVE, admission, digest
from catalogue.labs.models import Lab, Status
from catalogue.labs.packaging import PackagingError, Variant
from catalogue.labs.stacks import Stack, read_stack
from catalogue.labs.targets import Resource, Resources, Target, TargetDown, get_target

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content import Pattern

logger = logging.getLogger(__name__)

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
SITE_TAG = "serverless-patterns:site"
_FINISHING_SECONDS = 15
_LOST = "The AWS it ran on was started anew, and its stack was lost with it. Run the pattern again for a fresh one."
_NOT_RUNNING = "Its time was over."


@dataclass(frozen=True)
class Created:
    lab: Lab
    token: str
    """Shown once; only its hash is kept."""


def create_lab(pattern: Pattern, owner: str, variant: Variant = "pattern", client: str = "") -> Created:
    """Deploy the pattern for the visitor with this owner key; wait for it as long as the target's patience lasts.

    `client` is the key of the address it was asked for from, if it was asked for by a request.

    Raises LimitReached, TargetDown. A deployment that AWS refuses gives a lab with status failed and its reason.
    """
    target = get_target()
    boot = target.boot_id()
    token = secrets.token_urlsafe(24)
    owner_hash = digest(owner)
    now = timezone.now()
    with admission(owner_hash, client):
        lab = Lab.objects.create(
            pattern=pattern.slug,
            variant=variant,
            content_hash=pattern.content_hash,
            owner=owner_hash,
            client=client,
            token_hash=digest(token),
            boot_id=boot,
            stack=f"{settings.LABS_STACK_PREFIX}-{secrets.token_hex(6)}",
            created_at=now,
            used_at=now,
            expires_at=now + timedelta(seconds=settings.LABS_LIFETIME_SECONDS),
        )
    _deploy(target, lab, pattern)
    return Created(wait_until_deployed(lab, target.patience), token)


def _deploy(target: Target, lab: Lab, pattern: Pattern) -> None:
    try:
        package = packaging.package(pattern, _variant(lab))
        lab.artifacts = [artifact.key for artifact in package.artifacts]
        Lab.objects.filter(pk=lab.pk).update(artifacts=lab.artifacts)
        bucket = packaging.upload(target, package.artifacts)
        template = target.adapt(package.for_bucket(bucket))
        target.client("cloudformation").create_stack(
            StackName=lab.stack,
            Capabilities=CAPABILITIES,
            Tags=[
                {"Key": SITE_TAG, "Value": settings.SITE_URL},
                {"Key": "serverless-patterns:pattern", "Value": pattern.slug},
            ],
            **packaging.template_argument(target, bucket, template),
            **target.stack_options(),
        )
    except (PackagingError, ClientError) as error:
        _fail(lab, _reason(error))
    except BotoCoreError as error:
        _fail(lab, "AWS did not answer while the stack was being made.")
        raise TargetDown("The AWS behind the labs does not answer; try again in a moment.") from error


def wait_until_deployed(lab: Lab, seconds: float) -> Lab:
    """Advance the lab until it is no longer deploying or the time is over."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while True:
        lab = refresh_lab(lab)
        if lab.status != Status.DEPLOYING or time.monotonic() >= deadline:
            return lab
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def refresh_lab(lab: Lab) -> Lab:
    """Bring the lab's row up to what AWS says and the clock; returns it as it is now.

    Any process may do this at any moment; nothing of ours has to stay alive for a lab to become ready.
    While the target is down the lab stays as it is.
    """
    if lab.status in LIVE:
        _advance(lab)
        lab.refresh_from_db()
    return lab


def _advance(lab: Lab) -> None:
    now = timezone.now()
    if lab.expires_at <= now:
        end_lab(lab, _NOT_RUNNING)
        return
    target = get_target()
    try:
        if target.boot_id() != lab.boot_id:
            mark_lost(lab)
        elif lab.status == Status.DEPLOYING:
            _advance_deployment(target, lab)
    except TargetDown:
        return
    except BotoCoreError as error:
        logger.warning("Lab of %s: %s", lab.pattern, error)


def _advance_deployment(target: Target, lab: Lab) -> None:
    stack = read_stack(target.client("cloudformation"), lab.stack)
    if stack is None:  # create_stack has not been called yet, or its caller is gone
        if timezone.now() - lab.created_at > timedelta(seconds=target.deploy_seconds):
            _fail(lab, "The deployment was broken off before it began.")
    elif stack.failed:
        _fail(lab, stack.reason(target.client("cloudformation")))
    elif stack.complete:
        _finish(target, lab, stack)
    elif timezone.now() - lab.created_at > timedelta(seconds=target.deploy_seconds):
        _fail(lab, f"CloudFormation was not done after {target.deploy_seconds:.0f} seconds.")


def _finish(target: Target, lab: Lab, stack: Stack) -> None:
    """Give the deployed stack what CloudFormation left undone; one process at a time does it."""
    now = timezone.now()
    claimed = (
        Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING)
        .exclude(claimed_until__gt=now)
        .update(claimed_until=now + timedelta(seconds=_FINISHING_SECONDS))
    )
    if not claimed:
        return
    try:
        resources = stack.resources(target.client("cloudformation"))
        target.after_deploy(lambda: stack.template(target.client("cloudformation")), resources)
        upstream = target.upstream(stack.outputs["Endpoint"])
    except KeyError as error:
        _fail(lab, f"The deployed stack has no {error.args[0]}.")
    except (ClientError, ValueError) as error:
        _fail(lab, _reason(error))
    else:
        done = timezone.now()
        Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING).update(
            status=Status.READY,
            ready_at=done,
            used_at=done,
            upstream=upstream,
            claimed_until=None,
            resources={logical: list(resource) for logical, resource in resources.items()},
        )


def _fail(lab: Lab, reason: str) -> None:
    failed = Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING).update(
        status=Status.FAILED, reason=reason[:2000], gone_at=timezone.now()
    )
    if failed:
        clean_up(lab)


def extend_lab(lab: Lab) -> bool:
    """Give the lab its lifetime anew, counted from now. False if that was done before or the lab is over."""
    now = timezone.now()
    extended = Lab.objects.filter(pk=lab.pk, status__in=LIVE, extended_at=None).update(
        extended_at=now, used_at=now, expires_at=now + timedelta(seconds=settings.LABS_LIFETIME_SECONDS)
    )
    return bool(extended)


def mark_lost(lab: Lab) -> None:
    """The boot that held this lab is over: nothing of it is left to delete."""
    Lab.objects.filter(pk=lab.pk, status__in=LIVE).update(
        status=Status.GONE, reason=_LOST, gone_at=timezone.now(), cleaned=True
    )


def end_lab(lab: Lab, reason: str) -> bool:
    """Declare the lab gone and delete its stack. False if somebody else has done so already."""
    ended = Lab.objects.filter(pk=lab.pk, status__in=(*LIVE, Status.FAILED)).update(
        status=Status.GONE, reason=reason, gone_at=timezone.now()
    )
    if ended:
        clean_up(lab)
    return bool(ended)


def delete_lab(lab: Lab) -> bool:
    """Delete the lab at its owner's wish. False if it was gone already."""
    return end_lab(lab, "You deleted it.")


def clean_up(lab: Lab) -> bool:
    """Delete what the lab has on AWS; `cleaned` says that nothing is left. What fails now, the janitor tries again."""
    target = get_target()
    try:
        if target.boot_id() == lab.boot_id:
            _delete_stack(target, lab)
    except TargetDown:
        return False
    except (BotoCoreError, ClientError) as error:
        logger.warning("Cleaning up a lab of %s: %s", lab.pattern, error)
        return False
    Lab.objects.filter(pk=lab.pk).update(cleaned=True)
    return True


def _delete_stack(target: Target, lab: Lab) -> None:
    cloudformation = target.client("cloudformation")
    stack = read_stack(cloudformation, lab.stack)
    if stack is None:
        return
    resources = stack.resources(cloudformation)
    target.before_delete(resources)
    cloudformation.delete_stack(StackName=lab.stack)
    delete_log_groups(target, resources)


def delete_log_groups(target: Target, resources: Resources) -> None:
    """Lambda makes a function's log group at its first call, outside the stack."""
    logs = target.client("logs")
    for resource in resources.values():
        if resource.type == "AWS::Lambda::Function":
            try:
                logs.delete_log_group(logGroupName=f"/aws/lambda/{resource.id}")
            except logs.exceptions.ResourceNotFoundException:
                continue


def touch(lab_ids: set[str]) -> None:
    """These labs have just been used."""
    Lab.objects.filter(pk__in=lab_ids, status__in=LIVE).update(used_at=timezone.now())


def save_variables(lab: Lab, saved: dict[str, Any]) -> None:
    """Keep what a step saved, for the steps after it."""
    if saved:
        lab.saved = {**lab.saved, **saved}
        Lab.objects.filter(pk=lab.pk).update(saved=lab.saved)


def resources_of(lab: Lab) -> dict[str, Resource]:
    return {logical: Resource(*pair) for logical, pair in lab.resources.items()}


def _variant(lab: Lab) -> Variant:
    return "naive" if lab.variant == "naive" else "pattern"


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Message") or error)
    return str(error)


def mark_lost_by_id(lab_id: str) -> str:
    """Mark a lab as lost with the boot that held it; returns the reason to show."""
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is not None:
        mark_lost(lab)
    return _LOST
