"""Forgetting an authorizer's decisions: which request asks for it, and whose decisions go."""

import pytest

from catalogue.labs.embedded.gateway.authorizer_cache import flushed_stage, of_stage


def test_the_request_names_api_and_stage() -> None:
    assert flushed_stage("DELETE", "/restapis/a1/stages/live/cache/authorizers") == ("a1", "live")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/restapis/a1/stages/live/cache/authorizers"),
        ("DELETE", "/restapis/a1/stages/live/cache/data"),
        ("DELETE", "/restapis/a1/stages/live/cache/authorizers/x"),
        ("DELETE", "/restapis/a1/stages/live"),
    ],
)
def test_no_other_request_does(method: str, path: str) -> None:
    assert flushed_stage(method, path) is None


def test_only_that_stages_decisions_are_forgotten() -> None:
    keys = [("0", "r", api, "auth", stage, ("token",)) for api in ("a1", "a2") for stage in ("live", "test")]
    assert of_stage(keys, "a1", "live") == [("0", "r", "a1", "auth", "live", ("token",))]
