"""The emulator's administration is closed, from outside and from a lab's own function."""

import urllib.error
import urllib.request

import pytest

from catalogue.labs.embedded.access.guard import is_closed
from catalogue.labs.embedded.process import Emulator


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("/_ministack/reset", True),
        ("/_ministack/config", True),
        ("/_ministack", True),
        ("//_ministack/reset", True),
        ("/_MINISTACK/reset", True),
        ("/_localstack/init", True),
        ("/_ministack/health", False),
        ("/_ministack/ready", False),
        ("/_ministack/cfn-response/abc", False),
        ("/_aws/execute-api/a/live/_ministack/reset", False),
        ("/bucket/_ministack/reset", False),
    ],
)
def test_only_health_and_cloudformation_are_open(path: str, closed: bool) -> None:
    assert is_closed(path) is closed


@pytest.mark.parametrize(
    "path", ["/_ministack/reset", "/%5fministack/reset", "/_ministack/config", "//_ministack/reset"]
)
def test_a_running_emulator_cannot_be_reset(emulator: Emulator, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(emulator.url + path, data=b"{}", method="POST"), timeout=30)
    assert refused.value.code == 403
    assert refused.value.headers["x-catalogue-boot"] == emulator.boot_id
