"""Every challenge of the catalogue on real deployments: what loses is refused, what wins is accepted."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.demos.challenges.playing import play_challenge
from catalogue.labs.demos.comparisons import services as comparisons
from catalogue.labs.embedded.process import Emulator
from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from tests.labs.conftest import Deploy

CONTENT = Path(settings.BASE_DIR / "patterns_content")
RUNNABLE = [folder.name for folder in pattern_folders(CONTENT) if (folder / "demo.yaml").exists()]
CHALLENGES = [
    (slug, challenge.id)
    for slug in RUNNABLE
    if (found := load_pattern(CONTENT / slug).challenges)
    for challenge in found.challenges
]


def test_every_pattern_that_runs_has_challenges() -> None:
    assert {slug for slug, _ in CHALLENGES} == set(RUNNABLE)


@pytest.mark.lab
@pytest.mark.timeout(180)
@pytest.mark.parametrize(("slug", "id"), CHALLENGES)
def test_it_is_lost_as_listed_and_then_won(slug: str, id: str, deploy: Deploy, emulator: Emulator) -> None:
    pattern = load_pattern(CONTENT / slug)
    assert pattern.challenges is not None
    challenge = next(one for one in pattern.challenges.challenges if one.id == id)
    if challenge.twin:
        pair = comparisons.create_comparison(pattern, "somebody").comparison
        try:
            lost, won = play_challenge(comparisons.labs_of(pair), pattern, challenge)
        finally:
            comparisons.delete_comparison(pair)
    else:
        lost, won = play_challenge({"pattern": deploy(pattern)}, pattern, challenge)
    assert not lost.ok, lost.checks
    assert not lost.won
    assert won.ok, [f"{check.what} (seen: {check.seen})" for check in won.checks if not check.ok]
    assert won.won
