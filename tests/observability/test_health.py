"""/healthz says that a process lives, /readyz what works: soon, to everyone as much as they may know."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from pytest_django.fixtures import Settings

from catalogue.observability.health import heartbeats, readiness, views
from catalogue.observability.health.heartbeats import Heart
from catalogue.observability.health.readiness import Finding, Rounds
from catalogue.observability.models import Heartbeat

TOKEN = "t" * 32


def ok() -> Finding:
    return Finding(True, "vendor")


def down() -> Finding:
    raise OSError("the disk at /secret is gone")


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Finding]]:
    """What /readyz asks in this test, and nothing that an earlier test was told."""
    checks: dict[str, Callable[[], Finding]] = {"database": ok, "emulator": ok}
    monkeypatch.setattr(views, "rounds", Rounds(checks))
    return checks


def ready(client: Client, **headers: str) -> tuple[int, dict[str, Any]]:
    response = client.get("/readyz", headers=headers)
    assert response["Content-Type"] == "application/json"
    assert "no-store" in response["Cache-Control"]
    return response.status_code, response.json()


def test_healthz_asks_nothing_of_anyone(client: Client) -> None:
    """No database mark: a query would fail this test."""
    response = client.get("/healthz")
    assert response.json() == {"status": "ok"}
    assert "no-store" in response["Cache-Control"]
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


@pytest.mark.parametrize(
    ("broken", "status", "word"), [("none", 200, "ready"), ("emulator", 200, "degraded"), ("database", 503, "unready")]
)
def test_only_a_part_that_is_needed_makes_it_503(
    client: Client, parts: dict[str, Callable[[], Finding]], broken: str, status: int, word: str
) -> None:
    if broken in parts:
        parts[broken] = down
    code, document = ready(client, **{"x-forwarded-for": "203.0.113.1"})
    assert (code, document["status"]) == (status, word)
    assert document["parts"] == {name: "down" if name == broken else "ok" for name in ("database", "emulator")}


def test_an_operator_says_what_is_needed(
    client: Client, parts: dict[str, Callable[[], Finding]], settings: Settings
) -> None:
    settings.READY_NEEDS = ["database", "emulator"]
    parts["emulator"] = down
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


def test_reasons_are_for_the_token_and_for_this_machine(
    client: Client, parts: dict[str, Callable[[], Finding]], settings: Settings
) -> None:
    settings.METRICS_TOKEN = TOKEN
    parts["emulator"] = down
    passed_on = {"x-forwarded-for": "203.0.113.1"}
    assert ready(client, **passed_on)[1]["parts"]["emulator"] == "down"
    assert ready(client, **passed_on, authorization=f"Bearer {TOKEN}x")[1]["parts"]["emulator"] == "down"
    assert client.get("/readyz", REMOTE_ADDR="203.0.113.1").json()["parts"]["emulator"] == "down"
    for told in (ready(client), ready(client, **passed_on, authorization=f"Bearer {TOKEN}")):
        part = told[1]["parts"]["emulator"]
        assert part["reason"] == "OSError: the disk at /secret is gone"
        assert part["needed"] is False
        assert part["check_seconds"] >= 0


def test_a_check_that_hangs_is_waited_for_once_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEEP_SECONDS", 0.0)
    begun, let_go = [], threading.Event()

    def hanging() -> Finding:
        begun.append(1)
        let_go.wait(30)
        return Finding(len(begun) > 1)

    checks: dict[str, Callable[[], Finding]] = {"emulator": hanging, "database": ok}
    rounds = Rounds(checks)
    for _ in range(3):
        report = rounds.report()
        assert {part.name: part.state for part in report.parts} == {"emulator": "down", "database": "ok"}
        assert "not answered" in report.parts[0].reason
    assert len(begun) == 1
    let_go.set()
    rounds._running["emulator"][0].result(60)
    assert {part.state for part in rounds.report().parts} == {"ok"}, "not what the hanging one found at last"
    assert len(begun) == 2


def test_many_who_ask_at_once_cost_one_round() -> None:
    asked, started, let_go = [], threading.Event(), threading.Event()

    def slow() -> Finding:
        asked.append(1)
        started.set()
        let_go.wait(30)
        return Finding(True)

    rounds = Rounds({"database": slow})
    threads = [threading.Thread(target=rounds.report) for _ in range(10)]
    for thread in threads:
        thread.start()
    started.wait(60)
    let_go.set()
    for thread in threads:
        thread.join(30)
    assert rounds.report().ready
    assert len(asked) == 1


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_down() -> None:
    from django.db import OperationalError

    from catalogue.observability.observed import database

    assert database().ok

    def refuse(*_: object) -> None:
        raise OperationalError("the disk is gone")

    with connection.execute_wrapper(refuse), pytest.raises(OperationalError):
        database()


@pytest.mark.django_db
def test_a_loop_is_late_when_its_heart_has_stopped() -> None:
    assert not heartbeats.finding("mail").ok
    heart = Heart("mail", late_after=60)
    heart.beat()
    heart.beat()
    assert heartbeats.finding("mail").ok
    sign = heartbeats.last_sign("mail")
    assert sign is not None
    assert sign.age < 30
    Heartbeat.objects.update(at=Heartbeat.objects.get().at - timedelta(seconds=61))
    found = heartbeats.finding("mail")
    assert not found.ok
    assert found.reason.startswith("No sign of life since")
    assert found.age is not None
    assert found.age > 60
    heart.end()
    assert heartbeats.finding("mail").reason == "It has not been seen."


@pytest.mark.django_db
def test_of_several_processes_the_youngest_sign_counts() -> None:
    Heart("mail", late_after=60).beat()
    row = Heartbeat.objects.get()
    Heartbeat.objects.create(part="mail", instance="another:1", at=row.at - timedelta(seconds=600), late_after=60)
    assert heartbeats.finding("mail").ok
