"""A pattern that was renamed is no news: no draft is made of it, and mails and links from before stay good."""

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from catalogue.newsletter.mail import updates
from catalogue.newsletter.models import Update
from catalogue.patterns.content.library import library
from tests.newsletter.mail.test_updates import reader, recipients, released

pytestmark = pytest.mark.django_db
OLD, NEW = "gateway-validation", "gateway-validator"


@pytest.fixture
def before() -> Update:
    """What the newsletter knew before the pattern was renamed: an update of each pattern's present revision."""
    now = timezone.now()
    for pattern in library().by_slug.values():
        Update.objects.create(
            pattern=OLD if pattern.slug == NEW else pattern.slug,
            revision=pattern.front.revision,
            level=pattern.level,
            title=pattern.title,
            subject=f"New pattern: {pattern.title}",
            created_at=now,
        )
    return Update.objects.get(pattern=OLD)


def test_a_new_name_makes_no_draft(before: Update) -> None:
    assert updates.draft_all() == []
    assert updates.draft(library().get(NEW)) is None
    assert not Update.objects.filter(pattern=NEW).exists()


def test_the_next_revision_is_news_under_the_new_name(before: Update) -> None:
    pattern = library().get(NEW)
    later = replace(pattern, front=pattern.front.model_copy(update={"revision": pattern.front.revision + 1}))
    update = updates.draft(later)
    assert update is not None
    assert (update.pattern, update.state) == (NEW, "draft")


def test_a_draft_from_before_can_be_released(before: Update, client: Client) -> None:
    reader("ada")
    assert updates.superseded(before) == ""
    released(before)
    assert recipients() == ["ada@example.com"]
    sent = Update.objects.get(pk=before.pk)
    assert f"/newsletter/updates/{NEW}/{before.revision}" in sent.html
    for slug in (OLD, NEW):
        assert client.get(f"/newsletter/updates/{slug}/{before.revision}").status_code == 200


@pytest.mark.parametrize("name", [OLD, NEW, f"{OLD}@1", f"{NEW}@1"])
def test_an_editor_finds_the_update_by_either_name(
    before: Update, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Update.objects.filter(pk=before.pk).update(revision=1)
    call_command("newsletter", "status", name)
    assert before.subject in capsys.readouterr().out
