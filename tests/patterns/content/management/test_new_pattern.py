from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from catalogue.patterns.content.checks import content_mistakes
from catalogue.patterns.content.checks.lint import check
from catalogue.patterns.content.pattern import load_pattern


@pytest.fixture
def content(tmp_path: Path, settings: Settings) -> Path:
    settings.CONTENT_DIR = tmp_path / "patterns"
    return tmp_path / "patterns"


def new_pattern(slug: str) -> str:
    out = StringIO()
    call_command("new_pattern", slug, stdout=out)
    return out.getvalue()


def test_a_new_pattern_is_a_draft_that_passes_all_checks(content: Path) -> None:
    said = new_pattern("dead-letter-replay")
    pattern = load_pattern(content / "dead-letter-replay")
    assert (pattern.title, pattern.front.draft) == ("Dead Letter Replay", True)
    assert content_mistakes(content) == []
    assert list(check(content / "dead-letter-replay" / "template.yaml")) == []
    assert "dead-letter-replay" in said
    assert "draft: false" in said
    assert "test_dead_letter_replay.py" in said


def test_nothing_is_left_beside_it(content: Path) -> None:
    new_pattern("one-pattern")
    assert [path.name for path in content.iterdir()] == ["one-pattern"]
    assert not list(content.rglob("__pycache__"))


def test_an_existing_pattern_is_left_alone(content: Path) -> None:
    new_pattern("one-pattern")
    (content / "one-pattern" / "pattern.md").write_text("mine", "utf-8")
    with pytest.raises(CommandError, match="`one-pattern` is taken") as caught:
        new_pattern("one-pattern")
    assert "\n" not in str(caught.value)
    assert (content / "one-pattern" / "pattern.md").read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    "slug",
    ["", "ab", "One-Pattern", "one_pattern", "one--pattern", "one-", "../escape", "a/b", "x" * 61, "one\n"],
)
def test_an_ill_formed_slug_is_refused_and_makes_nothing(content: Path, slug: str) -> None:
    with pytest.raises(CommandError, match="is not a slug"):
        new_pattern(slug)
    assert not content.exists()
    assert not (content.parent / "escape").exists()
