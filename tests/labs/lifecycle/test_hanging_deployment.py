"""CloudFormation that never finishes: the lab fails with the reason, and its stack is cleaned up."""

from typing import Any

import pytest

from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import get_target
from catalogue.labs.targets.base import Target
from catalogue.patterns.content.pattern import Pattern
from tests.labs.lifecycle.test_services import functions_of, stacks

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


class Stuck:
    """The real target, whose CloudFormation always says that it is still at work."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self.deploy_seconds = 2.0
        self.patience = 0.2

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)

    def client(self, service: str) -> Any:
        client = self._target.client(service)
        return StillAtWork(client) if service == "cloudformation" else client


class StillAtWork:
    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def describe_stacks(self, **arguments: Any) -> Any:
        answer = self._client.describe_stacks(**arguments)
        for stack in answer["Stacks"]:
            if stack["StackStatus"] == "CREATE_COMPLETE":
                stack["StackStatus"] = "CREATE_IN_PROGRESS"
        return answer


@pytest.fixture
def stuck(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Stuck:
    target = Stuck(get_target())
    monkeypatch.setattr("catalogue.labs.targets._embedded", lambda url: target)
    return target


def test_a_deployment_that_hangs_is_given_up_with_the_reason_and_cleaned_up(stuck: Stuck, postbox: Pattern) -> None:
    lab = services.create_lab(postbox, digest("me")).lab
    assert lab.status == Status.DEPLOYING, "a visitor does not wait for it"
    assert lab.stack in stacks()
    lab = services.wait_until_deployed(lab, 60)
    assert (lab.status, lab.reason) == (Status.FAILED, "CloudFormation did not finish within 2 seconds.")
    assert lab.stack not in stacks()
    assert functions_of(lab) == []
    assert Lab.objects.get(pk=lab.pk).cleaned


def test_a_clean_up_that_aws_refuses_is_tried_again_later(
    stuck: Stuck, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = services.create_lab(postbox, digest("me")).lab
    from botocore.exceptions import ClientError

    def refuse(**arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}, "DeleteStack")

    with monkeypatch.context() as changed:
        changed.setattr(StillAtWork, "delete_stack", staticmethod(refuse), raising=False)
        assert services.delete_lab(lab)
    kept = Lab.objects.get(pk=lab.pk)
    assert (kept.status, kept.cleaned) == (Status.GONE, False)
    assert services.clean_up(kept)
    assert lab.stack not in stacks()
