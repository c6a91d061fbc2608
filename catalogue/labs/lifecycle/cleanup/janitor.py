"""Deletes what is over: labs past their time or idle, what a broken-off deletion left, and old rows.

Every function may be run by several processes at once and be killed at any moment.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from catalogue.base.target_names import AWS
from catalogue.labs.aws import sweeper
from catalogue.labs.demos.runs.services import forget_shared_runs
from catalogue.labs.edge.recorder import trim_calls
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.cleanup import leftovers
from catalogue.labs.lifecycle.limits import LIVE
from catalogue.labs.lifecycle.support.one_failing import one_failing
from catalogue.labs.models import EdgeCall, Lab, Status
from catalogue.labs.targets import Place, emulators, places, target_at
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.targets.emulators.services import give_up_silent, note_answers
from catalogue.processes import heartbeat

KEEP_ROWS = timedelta(hours=24)

_silence = emulators.Silence()


def tidy() -> None:
    """The frequent round: a few queries, and AWS calls only for labs that are over."""
    with one_failing("Noting which emulators answer"):
        note_answers()
    end_overdue_labs()
    for lab in ours().filter(status=Status.DEPLOYING):
        heartbeat.beat()
        with one_failing("Refreshing a lab"):
            services.refresh_lab(lab)
    for lab in ours().filter(cleaned=False, status__in=(Status.FAILED, Status.GONE)):
        heartbeat.beat()
        with one_failing("Cleaning up a lab"):
            services.clean_up(lab)
    give_up_what_is_silent()


def ours() -> QuerySet[Lab]:
    """The labs on the emulators that this process is responsible for. Others have a janitor of their own."""
    return Lab.objects.filter(emulator__in=["", *(place.key for place in places())])


def give_up_what_is_silent() -> None:
    """Report the labs of an emulator that no one has had an answer from for LABS_EMULATOR_SECONDS as gone."""
    for key in _silence.look(emulators.heard_of()):
        give_up_silent(key)


def end_overdue_labs() -> None:
    now = timezone.now()
    idle = now - timedelta(seconds=settings.LABS_IDLE_SECONDS)
    for lab in ours().filter(status__in=LIVE).filter(Q(expires_at__lte=now) | Q(used_at__lte=idle, shared=False)):
        reason = "Its time ran out." if lab.expires_at <= now else "It was not used for a while."
        heartbeat.beat()
        with one_failing("Ending a lab"):
            services.end_lab(lab, reason)


def sweep() -> None:
    """The rare round: lost labs, leftovers on AWS, and rows that no one asks for any more."""
    for place in places():
        sweep_place(place)
    forget_old_rows()


def sweep_place(place: Place) -> None:
    """Lost labs and leftovers of one emulator, if it answers."""
    target = target_at(place)
    try:
        boot = target.boot_for_work()
    except TargetDown:
        return
    with one_failing("Marking lost labs"):
        for lab in Lab.objects.filter(status__in=LIVE, emulator__in=("", place.key)).exclude(boot_id=boot):
            services.mark_lost(lab)
    stacks, artifacts = _wanted()
    parts: list[Callable[[], object]] = [
        lambda: leftovers.delete_stacks(target, stacks),
        lambda: leftovers.delete_log_groups(target, stacks),
        lambda: leftovers.delete_artifacts(target, artifacts),
    ]
    if target.name == AWS:
        parts += [
            lambda: sweeper.delete_orphans(target.client, stacks),
            lambda: sweeper.delete_roles(target.client, stacks),
        ]
    for part in parts:  # one that fails does not keep the others from their work
        with one_failing("Sweeping"):
            part()


def _wanted() -> tuple[frozenset[str], frozenset[str]]:
    """The stacks of live labs, and the keys of the code that they were made from."""
    live = list(Lab.objects.filter(status__in=LIVE).values_list("stack", "artifacts"))
    return frozenset(stack for stack, _ in live), frozenset(key for _, keys in live for key in keys)


def forget_old_rows() -> None:
    """Bound what the database keeps: calls of each lab, and rows of labs that have been over for a day."""
    Lab.objects.filter(cleaned=True, gone_at__lt=timezone.now() - KEEP_ROWS).delete()
    for lab_id in _chatty():
        heartbeat.beat()
        with one_failing("Forgetting calls"):
            trim_calls(lab_id)
    with one_failing("Forgetting shared runs"):
        forget_shared_runs()


def _chatty() -> Iterable[str]:
    return EdgeCall.objects.order_by().values_list("lab_id", flat=True).distinct()
