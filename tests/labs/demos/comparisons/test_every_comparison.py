"""Every comparison of the catalogue on a real deployment of both sides: what it claims is what the two stacks did."""

import asyncio
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.demos.comparisons import services
from catalogue.labs.demos.comparisons.conduct import conduct
from catalogue.labs.demos.comparisons.results.result import SIDES
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.patterns.content.pattern import load_pattern, pattern_folders

CONTENT = Path(settings.BASE_DIR / "patterns_content")
COMPARED = [folder.name for folder in pattern_folders(CONTENT) if (folder / "compare.yaml").exists()]


def test_every_pattern_with_a_twin_is_compared() -> None:
    twins = [folder.name for folder in pattern_folders(CONTENT) if (folder / "naive.yaml").exists()]
    assert twins == COMPARED


@pytest.mark.lab
@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", COMPARED)
def test_what_it_claims_is_what_both_stacks_did(slug: str, emulator: Emulator, transactional_db: None) -> None:
    pattern = load_pattern(CONTENT / slug)
    assert pattern.compare is not None
    made = services.create_comparison(pattern, "somebody").comparison
    labs = services.labs_of(made)
    try:
        assert {side: lab.status for side, lab in labs.items()} == dict.fromkeys(SIDES, Status.READY), made.reason
        result = asyncio.run(conduct(labs, pattern, 150))
        for side in SIDES:
            seen = result["sides"][side]
            assert not seen["unsettled"], f"{side} was still working"
            assert seen["figures"]["invocations"] == _reports(labs[side])
            assert seen["figures"]["usd_per_million"] > 0
        failed = [f"{claim['what']} (seen: {claim['seen']})" for claim in result["claims"] if not claim["ok"]]
        assert not failed, f"{slug}: {failed}\n{result['sides']}"
    finally:
        services.delete_comparison(made)


def _reports(lab: Lab) -> int:
    """Invocations, counted otherwise: each ends with one REPORT line, and nothing else has called these labs."""
    lines = gauges.read_logs(
        get_target(), resources_of(lab), int(lab.created_at.timestamp() * 1000), "REPORT RequestId"
    )
    return len(lines)
