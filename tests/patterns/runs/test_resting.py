"""The recorded run in short: every recording fits a first view, and ends with the counts of the whole run."""

import json

import pytest

from catalogue.patterns.content.library import library
from catalogue.patterns.runs.resting import MOST_FRAMES, frames, resting_frames
from catalogue.patterns.runs.views import run_views
from tests.support.site import ROOT

SLUGS = sorted(page.parent.name for page in (ROOT / "patterns_content").glob("*/recorded.json"))


@pytest.mark.parametrize("slug", SLUGS)
def test_a_recording_in_short_is_small_and_ends_as_the_whole_one(slug: str) -> None:
    pattern = library().get(slug)
    run = pattern.recorded
    assert run is not None
    short = frames(run, pattern)
    assert len(short) <= MOST_FRAMES + 1 + len(run.actions)
    assert len(resting_frames(pattern)) < 24_000
    counts: dict[str, str] = {}
    for frame in short:
        counts |= frame.get("counts", {})
    whole: dict[str, str] = {}
    for moment in json.loads(run_views(run, pattern).play)["moments"]:
        whole |= moment.get("counts", {})
    assert counts == whole
    assert [frame["pos"] for frame in short] == sorted(frame["pos"] for frame in short)
