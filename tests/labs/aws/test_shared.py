"""One stack a pattern, shared by its visitors: quick and cheap, and honest about what it is not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.aws.shared import HOST_GONE, NOTICE
from catalogue.labs.demos.levers import LeverRefused, move_lever
from catalogue.labs.demos.runner import run_step
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.cleanup import janitor
from catalogue.labs.lifecycle.stacks import read_stack
from catalogue.labs.models import Lab, Status
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Operation, Step
from tests.labs.aws.on_emulator import AwsOnEmulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.lab]


@pytest.fixture
def shared(on_aws: AwsOnEmulator, postbox: Pattern, settings: Settings) -> Iterator[Pattern]:
    settings.LABS_SHARED_STACKS = True
    yield postbox
    for lab in Lab.objects.filter(status__in=(Status.DEPLOYING, Status.READY)):
        services.end_lab(lab, "The test is over.")


def ready(pattern: Pattern, owner: str, **options: Any) -> Lab:
    lab = services.wait_until_deployed(services.create_lab(pattern, owner, **options).lab, 60)
    assert lab.status == Status.READY, lab.reason
    return lab


def host_of(lab: Lab) -> Lab:
    assert lab.host is not None
    return lab.host


def test_visitors_share_one_stack_that_outlives_them(shared: Pattern, on_aws: AwsOnEmulator) -> None:
    one, two = ready(shared, "one"), ready(shared, "two")
    host = host_of(one)
    assert host_of(two) == host
    assert (one.pk, one.upstream, one.resources) != (two.pk, "", {})
    assert (one.upstream, one.resources) == (two.upstream, two.resources) == (host.upstream, host.resources)
    assert services.delete_lab(one)
    one.refresh_from_db()
    assert (one.status, one.cleaned) == (Status.GONE, True)
    assert read_stack(on_aws.client("cloudformation"), host.stack) is not None
    assert services.refresh_lab(two).status == Status.READY
    assert Lab.objects.filter(shared=True).count() == 1


def test_an_idle_host_stays_and_an_idle_lease_goes(shared: Pattern, settings: Settings) -> None:
    lab = ready(shared, "one")
    Lab.objects.update(used_at=timezone.now() - timedelta(seconds=settings.LABS_IDLE_SECONDS + 1))
    janitor.end_overdue_labs()
    lab.refresh_from_db()
    assert (lab.status, host_of(lab).status) == (Status.GONE, Status.READY)


def test_when_its_time_is_over_its_leases_are_too(shared: Pattern, on_aws: AwsOnEmulator) -> None:
    lab = ready(shared, "one")
    stack = host_of(lab).stack
    Lab.objects.filter(shared=True).update(expires_at=timezone.now())
    janitor.end_overdue_labs()
    found = services.refresh_lab(Lab.objects.get(pk=lab.pk))
    assert (found.status, found.reason) == (Status.GONE, HOST_GONE)
    assert read_stack(on_aws.client("cloudformation"), stack) is None


def test_a_host_that_would_end_before_its_lease_takes_none(shared: Pattern, settings: Settings) -> None:
    first = ready(shared, "one")
    most = timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS)
    Lab.objects.filter(shared=True).update(expires_at=timezone.now() + most)
    assert host_of(ready(shared, "two")) != host_of(first)
    assert services.refresh_lab(Lab.objects.get(pk=first.pk)).status == Status.READY


def test_other_content_gets_another_stack(shared: Pattern) -> None:
    first = ready(shared, "one")
    Lab.objects.filter(shared=True).update(content_hash="older")
    assert host_of(ready(shared, "two")) != host_of(first)


def test_a_failed_host_fails_its_lease_with_its_reason_and_the_next_visitor_gets_another(
    shared: Pattern, on_aws: AwsOnEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(on_aws, "adapt", lambda template: {"Resources": {"X": {"Type": "AWS::Nowhere::Thing"}}})
        lab = services.wait_until_deployed(services.create_lab(shared, "one").lab, 60)
    assert lab.status == Status.FAILED
    assert lab.reason
    assert ready(shared, "two").status == Status.READY


def test_nothing_that_changes_the_stack_is_done(shared: Pattern) -> None:
    lab = ready(shared, "one")
    assert shared.demo is not None
    lever = shared.demo.levers[0]
    with pytest.raises(LeverRefused, match="shared by all visitors"):
        move_lever(lab, lever, "pull")
    lab.refresh_from_db()
    assert lab.pulled == []
    operation = Operation(action="purge", resource="Letters")
    step = Step.model_construct(id="purge", title="Purge", notice="", operation=operation)
    (check,) = run_step(lab, step, {}).checks
    assert not check.ok
    assert "shared by all visitors" in check.seen


def test_a_comparison_s_stacks_are_its_own(shared: Pattern) -> None:
    lab = ready(shared, "one", exclusive=True)
    assert (lab.host, lab.is_lease) == (None, False)


def test_page_and_document_say_that_it_is_shared(shared: Pattern, content: object) -> None:
    browser = Browser()
    created = browser.post("/labs/", {"pattern": "postbox"}, headers={"Accept": "application/json"})
    document = browser.get(created["Location"], headers={"Accept": "application/json"}).json()
    assert (document["shared"], document["notice"]) == (True, NOTICE)
    page = browser.get(created["Location"], headers={"Accept": "text/html"}).content.decode()
    assert NOTICE in page
    assert 'name="do" value="pull"' not in page


def test_the_embedded_aws_shares_nothing(emulator: object, postbox: Pattern, settings: Settings) -> None:
    settings.LABS_SHARED_STACKS = True
    lab = ready(postbox, "one")
    try:
        assert lab.host is None
    finally:
        services.delete_lab(lab)
