"""The levers of every pattern on a fresh deployment: pulled, seen, released, seen to be gone."""

from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from tests.labs.conftest import Deploy
from tests.labs.helpers.levers import move_every_lever

RUNNABLE = [
    folder.name
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content"))
    if (folder / "demo.yaml").exists()
]


@pytest.mark.lab
@pytest.mark.timeout(300)
@pytest.mark.parametrize("slug", RUNNABLE)
def test_every_lever_breaks_what_it_says_and_fixes_it_again(slug: str, deploy: Deploy) -> None:
    pattern = load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))
    move_every_lever(deploy(pattern), pattern)
