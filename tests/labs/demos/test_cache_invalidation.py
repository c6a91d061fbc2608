"""Opening a stage's cache to everybody's invalidation and closing it again, by UpdateStage."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.demos.operations import Stack, perform
from catalogue.labs.embedded.gateway.stage_cache import settings_of
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.services.api_gateway.operations import settings_path
from catalogue.labs.targets import get_target
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.conftest import Deploy


@pytest.mark.parametrize("key", ["~1products~1{id}/GET", "/~1products~1{id}/GET", "/products/{id}/GET"])
def test_a_settings_key_in_any_spelling_makes_the_same_path(key: str) -> None:
    assert settings_path(key) == "~1products~1{id}/GET"


def test_the_stage_wide_key_stays_as_it_is() -> None:
    assert settings_path("*/*") == "*/*"


@pytest.mark.lab
def test_open_and_close_are_each_others_inverse(deploy: Deploy) -> None:
    lab = deploy(load_pattern(Path(settings.BASE_DIR) / "patterns_content" / "gateway-cache"))
    stack = Stack(get_target(), resources_of(lab))

    def anyone_may() -> bool:
        gateway = get_target().client("apigateway")
        stage = gateway.get_stage(restApiId=stack.physical("Api"), stageName=stack.physical("Stage"))
        found = settings_of(stage, "/products/{id}", "GET")
        assert found is not None
        return found.anyone_may_invalidate

    assert not anyone_may()
    shown = perform(stack, Operation(action="open-cache-invalidation", resource="Stage"))
    assert 'requireAuthorizationForCacheControl", "value": "false"' in shown
    assert anyone_may()
    perform(stack, Operation(action="close-cache-invalidation", resource="Stage"))
    assert not anyone_may()
