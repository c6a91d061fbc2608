"""The status page: for staff only, whatever is broken, and nothing on it changes anything."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from catalogue.observability.health import status, views
from catalogue.observability.health.readiness import Finding, Rounds
from catalogue.observability.prometheus import collectors, exposition
from tests.newsletter.delivery.test_queue import enqueue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    from catalogue.newsletter import observed
    from catalogue.observability.health import readiness

    found: dict[str, Any] = {
        "database": lambda: Finding(True, "sqlite"),
        "emulator": lambda: Finding(False, "Away <now>"),
    }
    monkeypatch.setattr(readiness, "rounds", Rounds(found))
    monkeypatch.setattr(views, "rounds", readiness.rounds)
    monkeypatch.setattr(status, "rounds", readiness.rounds)
    monkeypatch.setattr(exposition, "_collected", collectors.Collected())
    monkeypatch.setattr(observed, "_kept", None)
    return found


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(User.objects.create_user("ed", is_staff=True))
    return client


def test_only_staff_sees_it(client: Client) -> None:
    assert client.get("/admin/status/").status_code == 302
    client.force_login(User.objects.create_user("reader"))
    assert client.get("/admin/status/").status_code == 302


def test_it_shows_parts_queue_and_versions(editor: Client) -> None:
    enqueue(3)
    page = editor.get("/admin/status/").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Degraded An optional part is down." in text
    assert "emulator down Away &lt;now&gt;" in text
    assert "due now 3" in text
    assert "queued 3" in text
    assert "django" in text
    assert "<form" not in page.split('id="content"')[1]
    assert "style=" not in page.split('id="content"')[1]
    assert editor.post("/admin/status/").status_code == 405


def test_it_is_shown_while_a_part_that_is_needed_is_down(editor: Client, checks: dict[str, Any]) -> None:
    def gone() -> Finding:
        raise OSError("gone")

    checks["database"] = gone
    page = editor.get("/admin/status/")
    assert page.status_code == 200
    assert "Unready" in page.content.decode()


def test_the_admins_first_page_leads_there(editor: Client) -> None:
    assert 'href="/admin/status/"' in editor.get("/admin/").content.decode()
