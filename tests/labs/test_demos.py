"""Every step of every pattern's demo, taken in order on a real deployment."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs import gauges, services
from catalogue.labs.models import Lab
from catalogue.labs.runner import run_step
from catalogue.labs.targets import get_target
from catalogue.labs.trace import LogReader
from catalogue.patterns.content import load_pattern, pattern_folders
from tests.labs.conftest import Deploy

RUNNABLE = [
    folder.name
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content"))
    if (folder / "demo.yaml").exists()
]


@pytest.mark.lab
@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", RUNNABLE)
def test_every_step_shows_what_the_demo_says(slug: str, deploy: Deploy) -> None:
    pattern = load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))
    assert pattern.demo is not None
    lab = deploy(pattern)
    for step in pattern.demo.steps:
        result = run_step(lab, step, lab.saved)
        services.save_variables(lab, result.saved)
        failed = [f"{check.what} (seen: {check.seen})" for check in result.checks if not check.ok]
        assert not failed, f"{slug}, step {step.id}: {failed}\n{_logged(lab)}"


def _logged(lab: Lab) -> str:
    lines = gauges.read_logs(get_target(), services.resources_of(lab), int(lab.created_at.timestamp() * 1000))
    return "\n".join(str(event.data) for event in list(LogReader().read(lines))[-20:])
