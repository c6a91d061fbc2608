"""The life of a lab, on a real stack: made, ready, failed with the reason, deleted, lost with its boot."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from django.db import OperationalError
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.embedded import process
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import LimitReached, digest
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.labs.conftest import Deploy
from tests.support.site import descendants
from tests.support.waiting import await_true

pytestmark = pytest.mark.django_db(transaction=True)


def stacks() -> set[str]:
    found = get_target().client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found if not stack["StackStatus"].startswith("DELETE")}


def functions_of(lab: Lab) -> list[str]:
    names = (one["FunctionName"] for one in get_target().client("lambda").list_functions()["Functions"])
    return [name for name in names if name.startswith(lab.stack)]


def workers(emulator: Emulator) -> int:
    """How many processes functions run in: all below the emulator's, but for the one that they are copies of."""
    return len(worker_processes(emulator)) - 1


def worker_processes(emulator: Emulator) -> set[int]:
    """Their ids, with that one's."""
    below = descendants(emulator.process.pid).items()
    return {pid for pid, command in below if "zygote.py" in command or "_worker." in command}


def test_a_lab_is_ready_when_it_is_handed_over(emulator: Emulator, postbox: Pattern, deploy: Deploy) -> None:
    lab = deploy(postbox)
    assert lab.upstream.startswith(emulator.url + "/_aws/execute-api/")
    assert lab.ready_at is not None
    assert resources_of(lab)["Letters"].type == "AWS::SQS::Queue"
    assert lab.stack in stacks()
    tags = get_target().client("cloudformation").describe_stacks(StackName=lab.stack)["Stacks"][0]["Tags"]
    assert {"Key": "serverless-patterns:pattern", "Value": "postbox"} in tags


def test_only_hashes_of_owner_and_token_are_kept(deploy: Deploy, postbox: Pattern) -> None:
    created = services.create_lab(postbox, "a-secret-owner-key")
    kept = str(Lab.objects.filter(pk=created.lab.pk).values())
    services.delete_lab(created.lab)
    assert created.token not in kept
    assert "a-secret-owner-key" not in kept
    assert created.lab.token_hash == digest(created.token)


def test_a_deleted_lab_leaves_no_stack_function_log_group_or_worker(emulator: Emulator, lab: Lab) -> None:
    from catalogue.labs.edge.client import call_edge
    from tests.labs.conftest import run

    before = worker_processes(emulator)  # some may be of earlier tests' labs, and end meanwhile
    assert run(call_edge(lab.pk, "GET", "/look", {})).status == 200
    (worker,) = worker_processes(emulator) - before
    assert services.delete_lab(lab)
    logs = get_target().client("logs")
    assert lab.stack not in stacks()
    assert functions_of(lab) == []
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{lab.stack}")["logGroups"] == []
    await_true(lambda: worker not in worker_processes(emulator), 60)
    assert Lab.objects.get(pk=lab.pk).cleaned


def test_deleting_twice_is_done_once(lab: Lab) -> None:
    assert services.delete_lab(lab) is True
    assert services.delete_lab(lab) is False


@pytest.mark.usefixtures("emulator")
def test_a_failed_deployment_shows_cloudformations_own_reason_and_is_cleaned_up(content: Path) -> None:
    lab = services.create_lab(load_pattern(content / "broken"), "somebody").lab
    lab = services.wait_until_deployed(lab, 60)
    assert lab.status == Status.FAILED
    assert lab.reason.startswith("Parcels: ")
    assert "VisibilityTimeout" in lab.reason
    assert Lab.objects.get(pk=lab.pk).cleaned
    assert lab.stack not in stacks()


@pytest.mark.usefixtures("emulator")
def test_a_template_that_aws_refuses_at_once_shows_the_reason(postbox: Pattern) -> None:
    from dataclasses import replace

    from catalogue.patterns.cloudformation.template import read_template

    text = postbox.template.text.replace("AWS::SQS::Queue", "AWS::SQS::Bucket")
    odd = replace(postbox, template=read_template(postbox.template.path, text), content_hash="odd")
    lab = services.create_lab(odd, "somebody").lab
    assert lab.status == Status.FAILED
    assert "AWS::SQS::Bucket" in lab.reason


@pytest.mark.usefixtures("emulator")
def test_past_a_visitors_limit_nothing_is_deployed(settings: Settings, lab: Lab, postbox: Pattern) -> None:
    settings.LABS_PER_VISITOR = 1
    before = stacks()
    with pytest.raises(LimitReached):
        services.create_lab(postbox, "somebody")
    assert stacks() == before


def test_a_lab_past_its_time_is_gone_when_looked_at(lab: Lab) -> None:
    Lab.objects.filter(pk=lab.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    seen = services.refresh_lab(Lab.objects.get(pk=lab.pk))
    assert (seen.status, seen.reason) == (Status.GONE, "Its time ran out.")
    assert lab.stack not in stacks()


def test_anyone_who_looks_finishes_a_deployment_that_its_maker_left(lab: Lab) -> None:
    Lab.objects.filter(pk=lab.pk).update(status=Status.DEPLOYING, upstream="", resources={}, claimed_until=None)
    seen = services.refresh_lab(Lab.objects.get(pk=lab.pk))
    assert (seen.status, seen.upstream) == (Status.READY, lab.upstream)


def test_a_second_boot_makes_labs_gone_and_a_new_one_runs(postbox: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    with process.running() as first:
        monkeypatch.setenv("EMBEDDED_AWS_URL", first.url)
        lab = services.create_lab(postbox, "somebody").lab
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        time.sleep(0.6)  # a boot id is kept for half a second
        assert services.refresh_lab(lab).status == Status.READY, "while AWS is away nothing is decided"
        with pytest.raises(TargetDown):
            services.create_lab(postbox, "somebody")
        with process.running(first.port):
            assert services.refresh_lab(lab).status == Status.GONE
            assert "restarted" in lab.reason
            again = services.create_lab(postbox, "somebody").lab
            assert again.status == Status.READY


def test_storage_that_goes_while_a_lab_is_made_leaves_no_stack(
    emulator: Emulator, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stacks()

    def away(lab: Lab, seconds: float) -> Lab:
        assert lab.stack in stacks()
        raise OperationalError("the connection is lost")

    monkeypatch.setattr(services, "wait_until_deployed", away)
    with pytest.raises(OperationalError):
        services.create_lab(postbox, "somebody")
    assert stacks() == before
    lab = Lab.objects.get()
    Lab.objects.filter(pk=lab.pk).update(created_at=timezone.now() - timedelta(hours=1))
    assert services.refresh_lab(Lab.objects.get()).status == Status.FAILED


def test_a_lab_stays_as_it_is_while_aws_refuses_to_answer(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with credentials that have ended or a clock that is off: the next request finds out whether it answers."""

    def refused(*_: object) -> None:
        raise ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": "not yet current"}}, "DescribeStacks")

    Lab.objects.filter(pk=lab.pk).update(status=Status.DEPLOYING)
    with monkeypatch.context() as patched:
        patched.setattr(services, "read_stack", refused)
        assert services.refresh_lab(lab).status == Status.DEPLOYING
    assert services.wait_until_deployed(lab, 60).status == Status.READY
