"""Drafts where content is read once, as with DEBUG=0: the mail loop hears of a change from the build."""

from pathlib import Path

import pytest

from catalogue.newsletter.delivery import loop
from catalogue.newsletter.models import Update
from catalogue.patterns.content import library
from tests.pages.conftest import built, content  # noqa: F401  (a fixture)
from tests.patterns.support.example import change, write_pattern

pytestmark = pytest.mark.django_db


def built_by_another_process() -> None:
    before = library.library()
    built()
    library.use(before)


def test_with_debug_off_a_build_is_what_makes_drafts(content: Path) -> None:  # noqa: F811
    drafts = loop.Drafts(first=0)
    drafts.look(0)
    assert set(Update.objects.values_list("state", flat=True)) == {"cancelled"}, "nothing is news at first"
    built_by_another_process()
    drafts.look(10)
    write_pattern(content, "terns", title="Terns")
    drafts.look(20)
    assert not Update.objects.filter(state="draft").exists(), "the site does not show it before the build either"
    built_by_another_process()
    drafts.look(30)
    assert list(Update.objects.filter(state="draft").values_list("pattern", flat=True)) == ["terns"]
    change(content / "owls/pattern.md", "revision: 2", "revision: 3")
    built_by_another_process()
    drafts.look(40)
    assert Update.objects.filter(state="draft", pattern="owls", revision=3).exists()
