"""The janitor, on real stacks: what is over goes, what lives stays, and nothing is left."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from botocore.parsers import ResponseParserError
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.edge.recorder import KEPT_CALLS
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.cleanup import janitor, leftovers
from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.lifecycle.support import one_failing
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.models import EdgeCall, Lab, Status
from catalogue.labs.targets import get_target
from catalogue.patterns.content.pattern import Pattern
from tests.labs.conftest import Deploy
from tests.labs.lifecycle.test_services import functions_of, stacks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def first_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Errors that another test has logged are logged again."""
    monkeypatch.setattr(one_failing, "errors", RateLimitedLog(logging.getLogger("test")))


@pytest.fixture
def everything_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "YOUNG", timedelta(0))


def test_labs_past_their_time_or_idle_go_and_others_stay(deploy: Deploy, postbox: Pattern, settings: Settings) -> None:
    late, idle, used = deploy(postbox, "a"), deploy(postbox, "b"), deploy(postbox, "c")
    now = timezone.now()
    Lab.objects.filter(pk=late.pk).update(expires_at=now)
    Lab.objects.filter(pk=idle.pk).update(used_at=now - timedelta(seconds=settings.LABS_IDLE_SECONDS + 1))
    janitor.tidy()
    statuses = dict(Lab.objects.values_list("pk", "status"))
    assert statuses == {late.pk: Status.GONE, idle.pk: Status.GONE, used.pk: Status.READY}
    assert Lab.objects.get(pk=idle.pk).reason == "It was not used for a while."
    assert {late.stack, idle.stack} & stacks() == set()
    assert used.stack in stacks()


def test_a_clean_up_that_failed_is_taken_up_again(lab: Lab) -> None:
    Lab.objects.filter(pk=lab.pk).update(status=Status.GONE, gone_at=timezone.now())
    assert lab.stack in stacks()
    janitor.tidy()
    assert lab.stack not in stacks()
    assert Lab.objects.get(pk=lab.pk).cleaned


def test_a_deployment_that_never_began_is_given_up(emulator: Emulator, settings: Settings) -> None:
    lab = Lab.objects.create(
        pattern="postbox",
        owner=digest("me"),
        stack="patterns-lab-never",
        boot_id=emulator.boot_id,
        created_at=timezone.now() - timedelta(minutes=10),
        expires_at=timezone.now() + timedelta(minutes=10),
    )
    janitor.tidy()
    lab.refresh_from_db()
    assert (lab.status, lab.cleaned) == (Status.FAILED, True)


@pytest.mark.usefixtures("everything_is_old")
def test_a_sweep_leaves_nothing_but_what_live_labs_need(deploy: Deploy, postbox: Pattern) -> None:
    kept, lost = deploy(postbox, "a"), deploy(postbox, "b")
    target = get_target()
    logs, s3 = target.client("logs"), target.client("s3")
    logs.create_log_group(logGroupName=f"/aws/lambda/{lost.stack}-Late-1")
    s3.put_object(Bucket=target.bucket(), Key="code/nobody.zip", Body=b"x")
    Lab.objects.filter(pk=lost.pk).delete()  # its row is lost, its stack is not

    janitor.sweep()

    assert lost.stack not in stacks()
    assert functions_of(lost) == []
    assert kept.stack in stacks()
    assert len(functions_of(kept)) == 2
    groups = {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}
    assert not [name for name in groups if lost.stack in name]
    objects = {item["Key"] for item in s3.list_objects_v2(Bucket=target.bucket()).get("Contents", ())}
    assert objects == set(kept.artifacts)

    services.delete_lab(kept)
    janitor.sweep()
    assert s3.list_objects_v2(Bucket=target.bucket())["KeyCount"] == 0


def test_what_is_young_may_be_in_the_making_and_is_left_alone(deploy: Deploy, postbox: Pattern) -> None:
    lab = deploy(postbox)
    Lab.objects.filter(pk=lab.pk).delete()
    janitor.sweep()
    assert lab.stack in stacks()
    services.clean_up(lab)


def test_labs_of_an_earlier_boot_are_declared_lost(lab: Lab) -> None:
    Lab.objects.filter(pk=lab.pk).update(boot_id="earlier")
    janitor.sweep()
    assert Lab.objects.get(pk=lab.pk).status == Status.GONE
    Lab.objects.filter(pk=lab.pk).update(boot_id=lab.boot_id, status=Status.READY)


@pytest.mark.usefixtures("emulator")
def test_rows_are_bounded() -> None:
    old = timezone.now() - janitor.KEEP_ROWS - timedelta(hours=1)
    common = {"pattern": "p", "owner": "o", "boot_id": "b", "expires_at": old, "status": Status.GONE}
    Lab.objects.create(**common, stack="a", gone_at=old, cleaned=True)
    Lab.objects.create(**common, stack="b", gone_at=old, cleaned=False)
    recent = Lab.objects.create(**common, stack="c", gone_at=timezone.now(), cleaned=True)
    call = {"trace": "t", "method": "GET", "path": "/", "status": 200, "ms": 1.0, "at": 0.0}
    EdgeCall.objects.bulk_create(EdgeCall(lab=recent, **call) for _ in range(KEPT_CALLS + 50))
    newest = EdgeCall.objects.latest("id").pk
    janitor.forget_old_rows()
    assert set(Lab.objects.values_list("stack", flat=True)) == {"b", "c"}
    assert EdgeCall.objects.count() == KEPT_CALLS
    assert EdgeCall.objects.latest("id").pk == newest


def test_one_lab_that_always_fails_does_not_hold_up_the_others(
    deploy: Deploy, postbox: Pattern, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    labs = [deploy(postbox, owner) for owner in "abcd"]
    late, cleaned = sorted(labs[:2], key=lambda lab: lab.pk), sorted(labs[2:], key=lambda lab: lab.pk)
    Lab.objects.filter(pk__in=[lab.pk for lab in late]).update(expires_at=timezone.now())
    Lab.objects.filter(pk__in=[lab.pk for lab in cleaned]).update(status=Status.GONE, gone_at=timezone.now())
    bad = {late[0].pk, cleaned[0].pk}
    real_end, real_clean = services.end_lab, services.clean_up

    def end_lab(lab: Lab, reason: str) -> bool:
        if lab.pk in bad:
            raise OverflowError
        return real_end(lab, reason)

    def clean_up(lab: Lab) -> bool:
        if lab.pk in bad:
            raise ResponseParserError("cut short")
        return real_clean(lab)

    monkeypatch.setattr(services, "end_lab", end_lab)
    monkeypatch.setattr(services, "clean_up", clean_up)
    janitor.tidy()
    janitor.tidy()
    assert set(Lab.objects.filter(cleaned=True).values_list("pk", flat=True)) == {lab.pk for lab in labs} - bad
    assert caplog.text.count("Traceback") == 2, "each is logged once, and tried in every round"
    monkeypatch.undo()
    janitor.tidy()
    assert not Lab.objects.filter(cleaned=False).exists()


@pytest.mark.usefixtures("everything_is_old", "emulator")
@pytest.mark.parametrize(
    ("module", "failing"), [(leftovers, "delete_stacks"), (leftovers, "delete_log_groups"), (services, "mark_lost")]
)
def test_what_fails_of_a_sweep_does_not_keep_it_from_the_rest(
    monkeypatch: pytest.MonkeyPatch, module: Any, failing: str
) -> None:
    target = get_target()
    key = f"{target.artifact_prefix}code/nobody.zip"
    target.client("s3").put_object(Bucket=target.bucket(), Key=key, Body=b"x")
    now = timezone.now()
    Lab.objects.create(
        pattern="postbox", stack="another-boots", boot_id="another", created_at=now, expires_at=now + timedelta(hours=1)
    )

    def fail(*args: object) -> None:
        raise ResponseParserError("cut short")

    monkeypatch.setattr(module, failing, fail)
    janitor.sweep()
    assert "Contents" not in target.client("s3").list_objects_v2(Bucket=target.bucket(), Prefix=key)
