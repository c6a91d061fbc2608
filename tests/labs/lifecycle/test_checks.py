"""Settings that cannot work are told at the start, by id and with a remedy."""

from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from catalogue.labs.lifecycle.checks import check_labs
from catalogue.labs.services import registry
from catalogue.labs.services.registry import lab_services


@pytest.mark.parametrize(
    ("changed", "id"),
    [
        ({"LABS_PER_VISITOR": 5, "LABS_PER_MACHINE": 2}, "labs.E001"),
        ({"LABS_BURST": 1, "LABS_REQUESTS_PER_SECOND": 2}, "labs.E002"),
        ({"LABS_STACK_PREFIX": "Labs_of mine"}, "labs.E003"),
        ({"LABS_TARGET": "aws", "AWS_REGION": "Frankfurt"}, "labs.E004"),
        ({"LABS_TARGET": "aws", "LABS_ROLE_ARN": "labs"}, "labs.E005"),
        ({"LABS_TARGET": "aws", "LABS_PERMISSIONS_BOUNDARY": "arn:aws:iam::1:role/x"}, "labs.E006"),
        ({"LABS_TARGET": "aws", "LABS_BUCKET": "My Bucket"}, "labs.E007"),
        ({"LABS_LIVE_WORKERS": 9}, "labs.E008"),
        ({"LABS_IDLE_SECONDS": 600, "LABS_LIFETIME_SECONDS": 60}, "labs.W001"),
        ({"LABS_TARGET": "aws"}, "labs.W002"),
    ],
)
def test_a_setting_that_cannot_work_is_reported(settings: Settings, changed: dict[str, object], id: str) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    found = {message.id: message for message in check_labs(None)}
    assert id in found
    assert found[id].hint


def test_the_defaults_pass() -> None:
    assert check_labs(None) == []


@pytest.mark.parametrize(
    ("service", "changed", "says"),
    [
        ("sqs", {"operations": {}}, "The service `sqs` declares the operation `purge`, which no lab can perform."),
        ("sqs", {"measures": {}}, "The service `sqs` declares the measure `messages`, which no lab can read."),
        (
            "sns",
            {"operations": {"melt": abs}},
            "Labs can perform `melt` of `sns`, which that service does not declare.",
        ),
        ("sns", {"measures": {"heat": ()}}, "Labs can read `heat` of `sns`, which that service does not declare."),
        ("s3", {"levels": ()}, "The service `s3` declares the level `objects`, which no lab can read."),
        ("sns", {"uses": {"Melt"}}, "Labs count `Melt` of `sns`, for which that service has no price."),
        ("sns", {"key": "snow"}, "Labs have a service `snow`, which catalogue/patterns/services/ does not have."),
    ],
)
def test_what_a_service_has_on_one_side_alone_is_an_error(
    monkeypatch: pytest.MonkeyPatch, service: str, changed: dict[str, Any], says: str
) -> None:
    real = lab_services().services
    others = tuple(replace(one, **changed) if one.key == service else one for one in real)
    monkeypatch.setattr(registry, "lab_services", lambda: registry.Registry(others))
    assert says in [message.msg for message in check_labs(None) if message.id == "labs.E017"]
