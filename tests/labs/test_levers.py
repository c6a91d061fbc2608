"""The levers of every pattern on a real deployment: pulled, seen, released, seen to be gone."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs import gauges, services
from catalogue.labs.levers import Outcome, move_lever
from catalogue.labs.models import Lab
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
def test_every_lever_breaks_what_it_says_and_mends_it_again(slug: str, deploy: Deploy) -> None:
    pattern = load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))
    assert pattern.demo is not None
    lab = deploy(pattern)
    for lever in pattern.demo.levers:
        moves = ["pull"] if lever.release is None else ["pull", "try", "release", "try"]
        for move in moves:
            outcome = move_lever(lab, lever, move)  # type: ignore[arg-type]
            assert wrong(outcome) == [], f"{slug}, lever {lever.id}, {move}\n{logged(lab)}"
    lab.refresh_from_db()
    assert lab.pulled == []


def wrong(outcome: Outcome) -> list[str]:
    checks = outcome.trial.checks if outcome.trial else ()
    return [f"{check.what} (seen: {check.seen})" for check in checks if not check.ok]


def logged(lab: Lab) -> str:
    lines = gauges.read_logs(get_target(), services.resources_of(lab), int(lab.created_at.timestamp() * 1000))
    return "\n".join(str(event.data) for event in list(LogReader().read(lines))[-20:])
