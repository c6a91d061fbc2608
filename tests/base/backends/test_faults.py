"""Storage that is full or locked: 503 in the asked format, one line in the log, nothing half done."""

import asyncio
import importlib
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, IntegrityError, OperationalError, connection, connections
from django.test import AsyncClient, Client
from django.utils import timezone

from catalogue.base.backends import faults
from catalogue.base.backends.faults import Faults, is_storage_fault
from catalogue.labs.edge.application import running_edge
from catalogue.labs.edge.client import call_edge
from catalogue.labs.edge.recorder import Call
from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.models import EdgeCall, Lab
from tests.labs.conftest import run
from tests.labs.lifecycle.test_limits import make_lab

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's faults; Postgres's are in test_postgres_away"),
]
HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def fresh_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "faults", Faults())


@contextmanager
def every_connection(pragma: str, **options: Any) -> Iterator[None]:
    """New connections, of all threads, have this pragma and these options."""
    settings = connection.settings_dict["OPTIONS"]
    before = dict(settings)
    connections.close_all()
    settings |= {"init_command": f"{before['init_command']} {pragma}", **options}
    try:
        yield
    finally:
        settings.clear()
        settings.update(before)
        connections.close_all()


@contextmanager
def full_disk() -> Iterator[None]:
    """SQLite may not make its file larger, and says so as it does of a full disk (SQLITE_FULL)."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")  # no free page is left
        cursor.execute("PRAGMA page_count")
        (pages,) = cursor.fetchone()
    with every_connection(f"PRAGMA max_page_count={pages};"):
        yield


@contextmanager
def locked() -> Iterator[None]:
    """Another process holds the write lock for longer than anybody waits."""
    name = connection.settings_dict["NAME"]
    with every_connection("", timeout=0.1):
        other = sqlite3.connect(name, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.close()


FAULTS = pytest.mark.parametrize("fault", [full_disk, locked], ids=["full", "locked"])


def fill(rows: int = 400) -> None:
    """Let there be no room in the pages that the next rows go to."""
    for number in range(rows):
        make_lab("filler", stack=f"filler-{number}", reason="x" * 3000)


def assert_503(response: Any, kind: str) -> None:
    assert response.status_code == 503
    assert response.headers["Retry-After"] == str(faults.RETRY_SECONDS)
    assert response.headers["Content-Type"].startswith(kind)
    assert response.headers["Cache-Control"] == "no-store"
    text = response.content.decode()
    assert faults.DETAIL in (json.loads(text)["detail"] if "json" in kind else text)


@FAULTS
def test_a_form_is_answered_in_the_asked_format_and_nothing_is_half_done(fault: Any, settings: Any) -> None:
    from catalogue.newsletter.models import SubscribeRequest

    settings.NEWSLETTER_SUBSCRIBES_PER_HOUR = 100
    client = Client(raise_request_exception=False)
    with fault():
        accepted = 0
        for n in range(60):  # a page has room for some rows yet, on a disk that is full
            asked = client.post("/newsletter/subscribe", {"email": f"{n}{'a' * 40}@example.com"}, headers=HTML)
            if asked.status_code == 503:
                break
            accepted += 1
        assert_503(asked, "text/html")
        assert SubscribeRequest.objects.count() == accepted, "what was accepted is kept, and nothing else"
        assert_503(
            client.post("/newsletter/subscribe", {"email": f"z{'z' * 50}@example.com"}, headers=JSON),
            "application/problem+json",
        )
    again = client.post("/newsletter/subscribe", {"email": "late@example.com"}, headers=JSON)
    assert again.status_code in (200, 202)


def test_the_admin_answers_so_too(client: Client) -> None:
    User.objects.create_superuser("editor", password="a long password")
    client.raise_request_exception = False
    with locked():
        answer = client.post("/admin/login/", {"username": "editor", "password": "a long password"}, headers=HTML)
    assert_503(answer, "text/html")


async def test_an_asynchronous_view_answers_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr("catalogue.labs.views.labs.find_lab", away)
    client = AsyncClient(raise_request_exception=False)
    assert_503(await client.get("/labs/AAAAAAAAAAAAAAAAAAAAAA/events", headers=JSON), "application/problem+json")
    assert_503(await client.get("/labs/AAAAAAAAAAAAAAAAAAAAAA/events", headers=HTML), "text/html")


@pytest.mark.parametrize("debug", [False])
async def test_a_middleware_that_cannot_save_is_answered_so_too(
    monkeypatch: pytest.MonkeyPatch, settings: Any, debug: bool
) -> None:
    """A session is saved after the view has answered, by a middleware."""
    from django.contrib.sessions.middleware import SessionMiddleware

    def process_response(self: Any, request: Any, response: Any) -> Any:
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(SessionMiddleware, "process_response", process_response)
    settings.DEBUG = debug
    assert_503(Client(raise_request_exception=False).get("/about/", headers=HTML), "text/html")
    asked = await AsyncClient(raise_request_exception=False).get("/about/", headers=JSON)
    assert_503(asked, "application/problem+json")


def test_the_page_that_says_so_asks_storage_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a session's cookie, what pages show of its owner would be looked up."""
    from django.contrib.sessions.backends.db import SessionStore

    def away(*args: Any) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(SessionStore, "load", away)
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "abcdefghabcdefghabcdefghabcdefgh"
    assert_503(client.get("/admin/", headers=HTML), "text/html")
    assert client.get("/static/nothing.css").status_code == 404


def test_one_line_for_a_period_and_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    client = Client(raise_request_exception=False)
    with locked(), caplog.at_level(logging.INFO):
        for _ in range(4):
            assert client.post("/newsletter/subscribe", {"email": "a@example.com"}).status_code == 503
    (line,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert line.getMessage() == ("Storage does not answer: POST /newsletter/subscribe: database is locked")
    assert line.exc_info is None


def test_what_came_after_the_line_is_counted_in_the_next(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("catalogue.base.backends.faults.time.monotonic", lambda: clock[0])
    noted = Faults()
    for at in (0, 1, 2, faults.PERIOD_SECONDS):
        clock[0] = at
        noted.note(OperationalError("database is locked\nat line 2"), "a test")
    assert [record.getMessage() for record in caplog.records] == [
        "Storage does not answer: a test: database is locked",
        "Storage does not answer: a test: database is locked (2 more since the last line)",
    ]


class Away:
    """Makes one function say that storage is away, until it is back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        module, _, function = name.rpartition(".")
        self._real = getattr(importlib.import_module(module), function)
        self.away = True
        monkeypatch.setattr(name, self._call)

    def _call(self, *args: Any) -> Any:
        if self.away:
            raise OperationalError("database is locked")
        return self._real(*args)


def note(lab: Lab) -> Call:
    return Call(lab.pk, "t", "GET", "/", 200, 1.0, 0.0)


def test_a_labs_endpoint_answers_problem_json(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab()
    storage = Away(monkeypatch, "catalogue.labs.edge.routes._look_up")
    answer = run(call_edge(lab.pk, "GET", "/", {}))
    assert (answer.status, answer.headers["retry-after"]) == (503, str(faults.RETRY_SECONDS))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.parsed["detail"] == faults.DETAIL
    storage.away = False
    assert run(call_edge("AAAAAAAAAAAAAAAAAAAAAA", "GET", "/", {})).status == 404


def test_a_lab_that_is_known_is_served_without_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab(expires_at=timezone.now() + timedelta(hours=1))
    storage = Away(monkeypatch, "catalogue.labs.edge.routes._look_up")
    storage.away = False

    async def scenario() -> None:
        routes = running_edge().routes
        known = await routes.find(lab.pk)
        assert known is not None
        storage.away = True
        known.until = 0
        assert await routes.find(lab.pk) is known
        with pytest.raises(OperationalError):
            await routes.find("AAAAAAAAAAAAAAAAAAAAAA")

    run(scenario())


def test_notes_of_calls_are_kept_and_written_once_when_storage_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab()
    storage = Away(monkeypatch, "catalogue.labs.edge.recorder._write")

    async def scenario() -> None:
        recorder = running_edge().recorder
        for _ in range(3):
            recorder.add(note(lab))
            await recorder.flush()
        assert recorder.waiting == 3
        storage.away = False
        async with asyncio.timeout(30):  # by itself, after a pause
            while recorder.waiting:
                await asyncio.sleep(0.02)

    run(scenario())
    assert EdgeCall.objects.filter(lab=lab).count() == 3


def test_notes_that_wait_have_a_bound(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr("catalogue.labs.edge.recorder._MOST_WAITING", 5)
    lab = make_lab()
    storage = Away(monkeypatch, "catalogue.labs.edge.recorder._write")

    async def scenario() -> None:
        recorder = running_edge().recorder
        for _ in range(4):
            recorder.add(note(lab))
        await recorder.flush()
        for _ in range(4):
            recorder.add(note(lab))
        assert recorder.waiting == 5
        storage.away = False
        await recorder.flush()

    run(scenario())
    assert EdgeCall.objects.filter(lab=lab).count() == 5
    assert "3 calls were not recorded" in caplog.text


def test_a_batch_that_fails_half_way_is_not_written_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = make_lab()
    broken = [True]

    def touch(labs: set[str]) -> None:
        if broken.pop():
            broken.append(False)
            raise OperationalError("database or disk is full")
        broken.append(False)

    monkeypatch.setattr("catalogue.labs.lifecycle.services.touch", touch)

    async def scenario() -> None:
        recorder = running_edge().recorder
        recorder.add(Call(lab.pk, "t", "GET", "/", 200, 1.0, 0.0))
        await recorder.flush()
        await recorder.flush()

    run(scenario())
    assert EdgeCall.objects.filter(lab=lab).count() == 1


def test_faults_are_distinguished_from_mistakes() -> None:
    with connection.cursor() as cursor:
        for statement, fault in (("SELECT * FROM nothing_here", False), ("SELEC 1", False)):
            with pytest.raises(DatabaseError) as raised:
                cursor.execute(statement)
            assert is_storage_fault(raised.value) is fault
    make_lab(stack="taken")
    with pytest.raises(IntegrityError) as twice:
        make_lab(stack="taken")
    assert not is_storage_fault(twice.value)
    with full_disk(), pytest.raises(DatabaseError) as full:
        fill()
    assert is_storage_fault(full.value)
    with locked(), pytest.raises(DatabaseError) as waited:
        Lab.objects.update(owner=digest("me"))
    assert is_storage_fault(waited.value)
    assert is_storage_fault(OSError(28, "No space left on device"))
    assert not is_storage_fault(OSError(2, "No such file or directory"))
    assert not is_storage_fault(ValueError("no such table"))
