"""A lab's life on AWS as its owner sees it: progress while it is made, a template that is refused, what it has cost."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django import Settings

from catalogue.labs.aws.progress import Progress
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.labs.lifecycle.stacks import read_stack
from catalogue.labs.models import AwsMonth, Lab, Status
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.document import Use
from tests.labs.aws.on_emulator import AwsOnEmulator

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.lab]
JSON = {"Accept": "application/json"}
HTML = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    yield
    for lab in Lab.objects.filter(status__in=(Status.DEPLOYING, Status.READY)):
        services.end_lab(lab, "The test is over.")


@pytest.fixture
def slow(on_aws: AwsOnEmulator, content: object, monkeypatch: pytest.MonkeyPatch) -> AwsOnEmulator:
    """An AWS on which no deployment is over, and that reports its progress."""
    monkeypatch.setattr(on_aws, "patience", 0.0)
    monkeypatch.setattr(services, "_advance_deployment", lambda target, lab: None)
    monkeypatch.setattr(on_aws, "progress", lambda stack: Progress(3, 11, ("OrderQueue",)))
    return on_aws


def test_while_cloudformation_works_page_and_document_say_how_far_it_is(slow: AwsOnEmulator) -> None:
    browser = Browser()
    created = browser.post("/labs/", {"pattern": "postbox"}, headers=JSON)
    assert created.json()["progress"]["text"] == "3 of 11 resources created, now OrderQueue"
    document = browser.get(created["Location"], headers=JSON).json()
    assert document["status"] == "deploying"
    assert document["progress"] == created.json()["progress"]
    assert (document["progress"]["done"], document["progress"]["total"]) == (3, 11)
    page = browser.get(created["Location"], headers=HTML).content.decode()
    assert "creating your stack: 3 of 11 resources created, now OrderQueue." in page
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page


def test_a_ready_lab_tells_no_progress_and_reloads_nothing(on_aws: AwsOnEmulator, content: object) -> None:
    browser = Browser()
    created = browser.post("/labs/", {"pattern": "postbox"}, headers=JSON)
    assert created.json()["status"] == "ready"
    assert "progress" not in created.json()
    assert "http-equiv" not in browser.get(created["Location"], headers=HTML).content.decode()


def test_a_template_that_asks_for_too_much_is_a_failed_lab_with_the_reason(
    on_aws: AwsOnEmulator, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postbox.template is not None
    monkeypatch.setitem(postbox.template.document.value["Resources"], "Root", {"Type": "AWS::IAM::User"})
    packaging._package.cache_clear()
    lab = services.create_lab(postbox, "somebody").lab
    packaging._package.cache_clear()
    assert (lab.status, lab.reason) == (Status.FAILED, "Labs on AWS cannot create a AWS::IAM::User. Root is one.")
    assert read_stack(on_aws.client("cloudformation"), lab.stack) is None


def test_every_role_of_a_lab_has_the_boundary(on_aws: AwsOnEmulator, postbox: Pattern, settings: Settings) -> None:
    settings.LABS_PERMISSIONS_BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"
    lab = services.create_lab(postbox, "somebody").lab
    body = on_aws.client("cloudformation").get_template(StackName=lab.stack, TemplateStage="Processed")["TemplateBody"]
    roles = [one for one in body["Resources"].values() if one["Type"] == "AWS::IAM::Role"]
    assert roles
    assert {role["Properties"]["PermissionsBoundary"] for role in roles} == {settings.LABS_PERMISSIONS_BOUNDARY}


def ended(pattern: Pattern) -> Lab:
    lab = services.create_lab(pattern, "somebody").lab
    assert services.delete_lab(lab)
    lab.refresh_from_db()
    return lab


def test_what_a_lab_has_cost_counts_against_the_budget_when_it_ends(
    on_aws: AwsOnEmulator, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    uses = [Use(service="api-gateway", operation="Request", resource="Api", count=1_000_000, units=1_000_000)]
    monkeypatch.setattr(on_aws, "uses", lambda resources, since: uses)
    assert ended(postbox).cleaned
    row = AwsMonth.objects.latest("pk")  # of the month in which it ended
    assert row.ended == 1
    assert row.reckoned >= Decimal("3.5")


@pytest.mark.parametrize("error", [ValueError("a price is missing"), KeyError("x")])
def test_a_cost_that_cannot_be_computed_keeps_no_stack_alive(
    on_aws: AwsOnEmulator, postbox: Pattern, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def broken(resources: Any, since: float) -> list[Use]:
        raise error

    monkeypatch.setattr(on_aws, "uses", broken)
    lab = ended(postbox)
    assert lab.cleaned
    assert read_stack(on_aws.client("cloudformation"), lab.stack) is None
    assert not AwsMonth.objects.exists()
