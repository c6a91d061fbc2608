"""Every step of every pattern's demo, taken in order on a real deployment, and then each of its levers."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.demos.runner import run_step
from catalogue.labs.lifecycle import services
from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from tests.labs.conftest import Deploy
from tests.labs.helpers.levers import logged, move_every_lever

RUNNABLE = [
    folder.name
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content"))
    if (folder / "demo.yaml").exists()
]


@pytest.mark.lab
@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", RUNNABLE)
def test_every_step_shows_what_the_demo_says_and_leaves_every_lever_at_work(slug: str, deploy: Deploy) -> None:
    pattern = load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))
    assert pattern.demo is not None
    lab = deploy(pattern)
    for step in pattern.demo.steps:
        result = run_step(lab, step, lab.saved)
        services.save_variables(lab, result.saved)
        failed = [f"{check.what} (seen: {check.seen})" for check in result.checks if not check.ok]
        assert not failed, f"{slug}, step {step.id}: {failed}\n{logged(lab)}"
    move_every_lever(lab, pattern)
