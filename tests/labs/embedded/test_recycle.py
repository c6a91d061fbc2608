"""A deleted stack leaves nothing in the emulator, and one that is large and idle starts anew without losing a lab."""

import asyncio
import json
import re
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process, recycle
from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.fixes.forget import dimension_values, names_in
from catalogue.labs.embedded.recycle import QUIET_SECONDS, RECYCLED, Recycler
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Status
from catalogue.patterns.content.pattern import Pattern
from catalogue.processes.supervisor.state import read
from tests.labs.conftest import run
from tests.labs.targets.test_isolation import wait_until
from tests.support.site import free_port, running_site


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_ends_only_when_large_and_nothing_would_be_lost() -> None:
    clock, stacks = Clock(), [0]
    recycler = Recycler(100, lambda: stacks[0], clock)
    assert not recycler.may_end(500), "a request may just have come"
    clock.now += QUIET_SECONDS
    assert recycler.may_end(101)
    assert not recycler.may_end(100)
    stacks[0] = 1
    assert not recycler.may_end(500), "a lab lives"
    assert not Recycler(0, lambda: 0, lambda: 0.0).may_end(10_000), "0 lets it grow"


def test_a_request_under_way_or_a_moment_ago_holds_it_and_one_that_comes_too_late_is_reported() -> None:
    clock = Clock()
    recycler = Recycler(100, lambda: 0, clock)
    sent: list[MutableMapping[str, Any]] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        clock.now += 60
        assert not recycler.may_end(500)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request"}

    async def scenario() -> None:
        app = recycler.app(inner)
        await app({"type": "http"}, receive, send)
        assert not recycler.may_end(500)
        clock.now += QUIET_SECONDS
        assert recycler.may_end(500)
        recycler.closing = True
        await app({"type": "http"}, receive, send)

    asyncio.run(scenario())
    assert sent[0]["status"] == 503
    assert (b"retry-after", b"3") in sent[0]["headers"]
    assert "restarting" in json.loads(sent[1]["body"])["message"]


def test_names_of_a_stacks_resources_are_found_in_whatever_form() -> None:
    arn, url = "arn:aws:sns:us-east-1:000000000000:topic", "http://127.0.0.1:1/000000000000/queue"
    stack = {"_resources": {name: {"PhysicalResourceId": name} for name in (arn, url, "plain", "")}}
    assert {"topic", "queue", "plain"} <= names_in(stack)
    assert "" not in names_in(stack)
    assert dimension_values(("AWS/Lambda", "Errors", "FunctionName=f|Resource=f:1")) == ["f", "f:1"]


def test_the_counter_forgets_by_name() -> None:
    counter = Counter()
    for name in ("gone", "kept"):
        counter.add("sqs", name, "SendMessage")
    counter.forget({"gone"})
    assert [row.name for row in counter.read([("sqs", "gone"), ("sqs", "kept")], 0)] == ["kept"]


@pytest.mark.lab
@pytest.mark.django_db(transaction=True)
def test_a_large_emulator_waits_for_its_last_lab_and_then_ends_with_a_code_of_its_own(
    postbox: Pattern, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_EMULATOR_MEMORY_MB = 20  # it has more from the beginning
    own = process.start()
    try:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)
        lab = services.create_lab(postbox, "somebody").lab
        assert lab.status == Status.READY
        wait_until(lambda: run(call_edge(lab.pk, "GET", "/look", {})).status == 200)
        with pytest.raises(AssertionError):
            wait_until(lambda: not own.alive(), QUIET_SECONDS + 2 * recycle.CHECK_SECONDS)
        assert run(call_edge(lab.pk, "GET", "/look", {})).status == 200
        services.end_lab(lab, "Over.")
        wait_until(lambda: not own.alive(), 30)
        assert own.process.returncode == RECYCLED
        assert own.process.stdout is not None
        assert re.search(r"^recycled: \d+ MiB, idle$", own.process.stdout.read(), re.MULTILINE)
    finally:
        own.stop()
    assert services.refresh_lab(lab).status == Status.GONE


def test_a_lab_that_is_about_to_be_made_holds_it_and_is_refused_once_it_ends() -> None:
    clock = Clock()
    recycler = Recycler(100, lambda: 0, clock)
    clock.now += QUIET_SECONDS
    assert recycler.work_comes()
    assert not recycler.may_end(500)
    clock.now += QUIET_SECONDS
    assert recycler.may_end(500)
    recycler.closing = True
    assert not recycler.work_comes()


@pytest.mark.lab
def test_a_site_starts_its_emulator_again_and_a_lab_asked_for_meanwhile_waits(tmp_path: Path) -> None:
    with (
        running_site(tmp_path, free_port(), LABS_EMULATOR_MEMORY_MB="20") as site,
        httpx.Client(base_url=site.url, timeout=30) as client,
    ):
        log = tmp_path / "up.log"
        for round_ in (1, 2):
            wait_until(lambda round_=round_: log.read_text().count("recycled:") == round_, 60)  # type: ignore[misc]
            made = client.post("/labs/", json={"pattern": "function-as-a-web-service"})
            assert made.status_code == 201, made.text
            assert client.delete(f"/labs/{made.json()['id']}").status_code == 204
        assert (read(tmp_path / "parts.json") or {})["parts"]["embedded AWS"]["restarts"] == 0
        lines = [line for line in log.read_text().splitlines() if "embedded AWS" in line]
    assert all(re.fullmatch(r"embedded AWS: recycled: \d+ MiB, idle", line) for line in lines), lines
    assert "Traceback" not in log.read_text()
