"""Settings that cannot work are told at the start, by id and with a remedy."""

import pytest
from pytest_django import Settings

from catalogue.labs.checks import check_labs


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
def test_a_setting_that_cannot_work_is_told(settings: Settings, changed: dict[str, object], id: str) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    found = {message.id: message for message in check_labs(None)}
    assert id in found
    assert found[id].hint


def test_the_defaults_pass() -> None:
    assert check_labs(None) == []
