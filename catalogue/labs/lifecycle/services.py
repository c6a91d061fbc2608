"""Everything that changes a lab: made, advanced to ready, deleted, expired. State is claimed by filtered UPDATE."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from catalogue.labs.aws import shared
from catalogue.labs.aws.limits.pace import Pace
from catalogue.labs.aws.site import site_prefix, stack_tags
from catalogue.labs.lifecycle.instance import instance_id
from catalogue.labs.lifecycle.limits import LIVE, Gate, admission, digest
from catalogue.labs.lifecycle.packaging import packages
from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.lifecycle.packaging.zips import Variant
from catalogue.labs.lifecycle.stacks import Stack, read_stack
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import emulators, is_ours, target_of
from catalogue.labs.targets.base import Resources, Target, TargetDown
from catalogue.labs.targets.emulators import Candidate
from catalogue.labs.watching import gauges
from catalogue.observability.exporters import tracing
from catalogue.observability.prometheus.metrics import lab_deploy_seconds

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import Pattern

logger = logging.getLogger(__name__)
_log = RateLimitedLog(logger)

CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
OF_A_PROJECT = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
"""A template of someone's own may name its roles: it is deployed on their own machine."""
READING_SECONDS = 20
"""How often reading a lab's page is noted as use, at most."""
_FINISHING_SECONDS = 15
_looks = Pace()
_LOST = "The AWS that it ran on was restarted, and the stack was lost. Run the pattern again to get a new lab."
_NOT_RUNNING = "Its time ran out."


@dataclass(frozen=True)
class Created:
    lab: Lab
    token: str
    """Shown once; only its hash is kept."""


def create_lab(
    pattern: Pattern, owner: str, variant: Variant = "pattern", client: str = "", *, exclusive: bool = False
) -> Created:
    """Deploy the pattern for the visitor with this owner key; wait for it as long as the target's patience lasts.

    `client` is the key of the address it was asked for from, if it was asked for by a request. With LABS_SHARED_STACKS
    the lab is a lease on the pattern's shared stack, unless it must be `exclusive`.

    Raises LimitReached, TargetDown. A deployment that AWS refuses gives a lab with status failed and its reason.
    """
    token = secrets.token_urlsafe(24)
    owner_hash = digest(owner)
    now = timezone.now()
    sharing = shared.is_on() and not exclusive
    with admitted(owner_hash, client) as (chosen, gate):
        host = shared.host_for(pattern, variant) if sharing else None
        makes_stack = host is None
        if gate is not None:
            gate(1, int(makes_stack))
        place = {
            "pattern": pattern.slug,
            "variant": variant,
            "content_hash": pattern.content_hash,
            "emulator": chosen.place.key,
            "endpoint": chosen.place.url,
            "boot_id": chosen.boot_id,
            "created_at": now,
            "used_at": now,
        }
        if sharing and host is None:
            host = Lab.objects.create(shared=True, stack=_stack_name(), expires_at=now + shared.lifetime(), **place)
        lab = Lab.objects.create(
            owner=owner_hash,
            client=client,
            token_hash=digest(token),
            host=host,
            stack=_stack_name() if host is None else shared.lease_name(),
            expires_at=now + timedelta(seconds=settings.LABS_LIFETIME_SECONDS),
            **place,
        )
    with tracing.span("deploy a lab", "client", lab=lab.pk, pattern=pattern.slug, variant=variant) as span:
        try:
            if makes_stack:
                _deploy(chosen.target, host or lab, pattern)
            lab = wait_until_deployed(lab, chosen.target.patience)
        except DatabaseError:
            if makes_stack and host is None:
                _take_back(chosen.target, lab)
            raise
        span.set(lab_status=lab.status)
    return Created(lab, token)


def _take_back(target: Target, lab: Lab) -> None:
    """Storage went away while the lab was being made: its visitor never learns of it, so its stack goes too.

    The row stays as it is; the janitor finds no stack, and reports the deployment as failed.
    """
    with suppress(BotoCoreError, ClientError, TargetDown):  # then the sweep finds it
        target.client("cloudformation").delete_stack(StackName=lab.stack)


@contextmanager
def admitted(owner_hash: str, client: str, wanted: int = 1) -> Iterator[tuple[Candidate, Gate | None]]:
    """Make labs inside this block, alone among all processes: where, and what must be asked first for a new stack.

    Raises LimitReached, TargetDown before it is entered.
    """
    able = emulators.candidates_soon()
    gates = {key: candidate.target.gate() for key, candidate in able.items()}
    with admission(owner_hash, client, wanted, among=list(able)) as key:
        yield able[key], gates[key]


def _stack_name() -> str:
    return f"{site_prefix()}{secrets.token_hex(5)}"


def _deploy(target: Target, lab: Lab, pattern: Pattern) -> None:
    try:
        package = packages.package(pattern, _variant(lab))
        lab.artifacts = [artifact.key for artifact in package.artifacts]
        Lab.objects.filter(pk=lab.pk).update(artifacts=lab.artifacts)
        bucket = packaging.upload(target, package.artifacts)
        template = target.adapt(package.for_bucket(bucket, target.artifact_prefix))
        target.client("cloudformation").create_stack(
            StackName=lab.stack,
            Capabilities=OF_A_PROJECT if pattern.standalone else CAPABILITIES,
            Tags=stack_tags(lab, instance_id()),
            **packaging.template_argument(target, bucket, template),
            **target.stack_options(),
        )
    except (PackagingError, ClientError) as error:
        _fail(lab, _reason(error))
    except BotoCoreError as error:
        _fail(lab, "AWS did not answer while the stack was being created.")
        raise TargetDown("AWS does not answer. Try again in a moment.") from error


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
    if lab.is_lease:
        _follow_host(lab)
        return
    target = target_of(lab)
    try:
        if target.boot_id() != lab.boot_id:
            mark_lost(lab)
        elif lab.status == Status.DEPLOYING:
            _advance_deployment(target, lab)
    except TargetDown:
        return
    except (BotoCoreError, ClientError) as error:
        # AWS refuses to answer (a clock that is off, credentials that have ended, too many requests): the lab stays as
        # it is, and the next request finds out whether it answers again.
        _log.exception("A lab's state could not be read from AWS", error)


def _follow_host(lab: Lab) -> None:
    """A lease is as its host is."""
    if lab.host is not None:
        refresh_lab(lab.host)
    if lab.status == Status.DEPLOYING:
        Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING).update(**shared.follow_host(lab))
    elif lab.host is None or not lab.host.live:
        end_lab(lab, shared.HOST_GONE)


def _advance_deployment(target: Target, lab: Lab) -> None:
    if not _looks.due(lab.stack, target.look_seconds):
        return
    stack = read_stack(target.client("cloudformation"), lab.stack)
    if stack is None:  # create_stack has not been called yet, or its caller is gone
        if timezone.now() - lab.created_at > timedelta(seconds=target.deploy_seconds):
            _fail(lab, "The deployment was stopped before it began.")
    elif stack.failed:
        _fail(lab, stack.reason(target.client("cloudformation")))
    elif stack.complete:
        _finish(target, lab, stack)
    elif timezone.now() - lab.created_at > timedelta(seconds=target.deploy_seconds):
        _fail(lab, f"CloudFormation did not finish within {target.deploy_seconds:.0f} seconds.")


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
    if "Endpoint" not in stack.outputs and not settings.PROJECT_TEMPLATE:
        _fail(lab, "The deployed stack has no Endpoint.")
        return
    try:
        resources = stack.resources(target.client("cloudformation"))
        target.after_deploy(lambda: stack.deployed(target.client("cloudformation"), resources), resources)
        upstream, sockets = (target.upstream(at) if at else "" for at in (stack.endpoint, stack.socket_endpoint))
    except (ClientError, ValueError) as error:
        _fail(lab, _reason(error))
    except (BotoCoreError, DatabaseError, TargetDown):  # no fault of the stack: the next look tries again
        raise
    except Exception as error:
        logger.exception("Finishing the stack of a lab of %s", lab.pattern)
        _fail(lab, f"What the template asks for could not be set up after the deployment: {error!r}")
    else:
        done = timezone.now()
        is_first = Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING).update(
            status=Status.READY,
            ready_at=done,
            used_at=done,
            upstream=upstream,
            socket_upstream=sockets,
            claimed_until=None,
            resources={logical: list(resource) for logical, resource in resources.items()},
        )
        if is_first:
            lab_deploy_seconds.labels("ready").observe((done - lab.created_at).total_seconds())


def _fail(lab: Lab, reason: str) -> None:
    failed = Lab.objects.filter(pk=lab.pk, status=Status.DEPLOYING).update(
        status=Status.FAILED, reason=reason[:2000], gone_at=timezone.now()
    )
    if failed:
        lab_deploy_seconds.labels("failed").observe((timezone.now() - lab.created_at).total_seconds())
        clean_up(lab)


def extend_lab(lab: Lab) -> bool:
    """Add a whole lifetime to what the lab has left, so that asking early wastes nothing.

    False if that was done before or the lab is over.
    """
    now = timezone.now()
    extended = Lab.objects.filter(pk=lab.pk, status__in=LIVE, extended_at=None).update(
        extended_at=now, used_at=now, expires_at=F("expires_at") + timedelta(seconds=settings.LABS_LIFETIME_SECONDS)
    )
    return bool(extended)


def mark_lost(lab: Lab) -> None:
    """The boot that held this lab is over: nothing of it is left to delete. Another instance's lab stays as it is."""
    if not is_ours(lab):
        return
    Lab.objects.filter(pk=lab.pk, status__in=LIVE).update(
        status=Status.GONE, reason=_LOST, gone_at=timezone.now(), cleaned=True
    )


def end_lab(lab: Lab, reason: str) -> bool:
    """Declare the lab gone and delete its stack. False if someone else has done so already."""
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
    try:
        if not lab.is_lease:
            target = target_of(lab)
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
    target.settle(lab)
    target.before_delete(resources)
    cloudformation.delete_stack(StackName=lab.stack)
    delete_log_groups(target, resources)


def delete_log_groups(target: Target, resources: Resources) -> None:
    """What runs code gets its log group at its first call, outside the stack."""
    logs = target.client("logs")
    for _, group in gauges.logging(resources):
        try:
            logs.delete_log_group(logGroupName=group)
        except logs.exceptions.ResourceNotFoundException:
            continue


def touch(lab_ids: set[str]) -> None:
    """These labs have just been used."""
    Lab.objects.filter(pk__in=lab_ids, status__in=LIVE).update(used_at=timezone.now())


def note_reading(lab: Lab) -> bool:
    """Its owner scrolls or types in the lab's open page, which counts as use. False if that was noted just before."""
    now = timezone.now()
    before = now - timedelta(seconds=READING_SECONDS)
    return bool(Lab.objects.filter(pk=lab.pk, status__in=LIVE, used_at__lte=before).update(used_at=now))


def save_variables(lab: Lab, saved: dict[str, Any]) -> None:
    """Keep what a step saved, for the steps after it."""
    if saved:
        lab.saved = {**lab.saved, **saved}
        Lab.objects.filter(pk=lab.pk).update(saved=lab.saved)


def _variant(lab: Lab) -> Variant:
    return "naive" if lab.variant == "naive" else "pattern"


def _reason(error: Exception) -> str:
    if isinstance(error, ClientError):
        return str(error.response["Error"].get("Message") or error)
    return str(error)


def mark_lost_by_id(lab_id: str) -> str | None:
    """Mark a lab as lost with the boot that held it; returns the reason to show, None for another instance's lab."""
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is not None:
        if not is_ours(lab):
            return None
        mark_lost(lab)
    return _LOST


def does_not_answer(lab: Lab) -> str:
    """Why the AWS of a live lab cannot be asked at the moment, in one sentence; empty if it can.

    Takes two seconds at most, and one thread of a process at a time; what was found is kept for half a second.
    """
    if lab.live:
        try:
            target_of(lab).boot_id()
        except TargetDown as error:
            return str(error)
    return ""


def out_of_reach(lab: Lab) -> bool:
    """Whether this is another instance's lab, on an emulator that does not answer from here."""
    if is_ours(lab) or not lab.live:
        return False
    try:
        target_of(lab).boot_id()
    except TargetDown:
        return True
    return False
