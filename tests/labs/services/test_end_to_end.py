"""Each service in a small stack of its own: deployed in a lab, called, and shown with what came of it."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from pytest_django import Settings

from catalogue.labs.demos.runs.capture import recording
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.labs.targets import target_of
from catalogue.labs.targets.emulation import not_emulated
from catalogue.labs.watching import gauges
from catalogue.labs.watching.inside import look_inside
from catalogue.patterns.content.checks.diagram import check as check_diagram
from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.costs.usage import usage
from catalogue.patterns.runs.analysis.chapters import chapters
from catalogue.patterns.runs.analysis.graph import graph_of
from catalogue.patterns.runs.analysis.moves import moves
from catalogue.patterns.runs.document import Invocation, Log, Request, Run, Use
from catalogue.patterns.runs.views import run_views
from tests.labs.conftest import Deploy
from tests.labs.conftest import run as run_async

CONTENT = Path(__file__).parent / "content"
_SECONDS = 60.0
"""A busy machine starts two functions for each stack."""
_SOON_SECONDS = 2

type Act = Callable[[Lab], Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Case:
    """What one service's stack shows."""

    name: str
    uses: dict[tuple[str, str | None], int]
    """What the call used of the service, by operation and logical id: at least so often."""
    gauge: tuple[str, str, int] | None = None
    """Logical id, measure and value after the call."""
    works: int = 1
    """How often the worker is called."""
    traced: bool = True
    """Whether the worker is called under the trace of the call."""
    dark: frozenset[str] = frozenset()
    """Arrows that the embedded AWS does not run."""
    unlit: frozenset[str] = frozenset()
    """Arrows that the run of the client has no event of."""
    act: Act | None = None
    """What else a client does."""
    paths: dict[str, int] = field(default_factory=lambda: {"/": 200})
    """Paths that are called, and the answer."""


async def say(lab: Lab) -> None:
    """A client of the WebSocket API says one thing and leaves."""
    async with aiohttp.ClientSession() as session, session.ws_connect(lab.upstream) as socket:
        await socket.send_str(json.dumps({"action": "say", "trace": "1-00000000-000000000000000000000000"}))


CASES = (
    Case("function_urls", {("Invoke", "Web"): 1}, works=0),
    Case("http_apis", {("Request", "Api"): 2}, works=0, dark=frozenset({"Api>Queue"}), paths={"/": 200, "/queue": 502}),
    Case(
        "websocket_apis",
        {("Message", "Api"): 1, ("ConnectionMinute", "Api"): 1},
        traced=False,
        unlit=frozenset({"Caller>Api"}),
        act=say,
        paths={},
    ),
    Case("eventbridge", {("PutEvents", "Bus"): 1}, dark=frozenset({"Bus>Lost"})),
    Case("scheduler", {("Invocation", "Schedule"): 1}, traced=False),
    Case("step_functions", {("StartExecution", "Machine"): 1, ("StateTransition", "NextMachine"): 1}),
    Case("pipes", {("Request", "TablePipe"): 1}, ("Table", "items", 1), dark=frozenset({"Queue>Other"})),
    Case("s3", {("PutObject", "Bucket"): 1}, ("Bucket", "objects", 1)),
    Case("dynamodb_streams", {("PutItem", "Table"): 1, ("GetRecords", "Table"): 1}, ("Table", "items", 1)),
    Case("kinesis", {("PutRecord", "Stream"): 1}),
    Case("cognito", {("ActiveUser", "Pool"): 1}, ("Pool", "users", 1)),
)


@pytest.fixture
def pattern(request: pytest.FixtureRequest, tmp_path: Path, settings: Settings) -> Pattern:
    """The folder of the case's service as a pattern: with the functions and the pages that all of them share."""
    folder = tmp_path / request.param.name.replace("_", "-")
    shutil.copytree(CONTENT / "shared", folder)
    shutil.copytree(CONTENT / request.param.name, folder, dirs_exist_ok=True)
    template = folder / "template.yaml"
    soon = datetime.now(UTC) + timedelta(seconds=_SOON_SECONDS)
    template.write_text(template.read_text().replace("SOON", f"{soon:%Y-%m-%dT%H:%M:%S}"))
    settings.CONTENT_DIR = tmp_path
    return load_pattern(folder)


def each(case: Case) -> Any:
    return pytest.param(case, case, id=case.name)


@pytest.mark.parametrize(("pattern", "case"), [each(case) for case in CASES], indirect=["pattern"])
def test_a_lab_shows_what_the_service_does(pattern: Pattern, case: Case, deploy: Deploy) -> None:
    assert list(check_diagram(pattern)) == [], "every arrow is proven by the template"
    lab = deploy(pattern)
    seen = run_async(_driven(lab, case))
    calls = {event.trace for event in seen.events if isinstance(event, Request)}
    works = [event for event in seen.events if isinstance(event, Log) and event.step == "worker.called"]
    assert len(works) == case.works
    assert not case.traced or {work.trace for work in works} <= calls
    _shows_counts(lab, case)
    _shows_uses(seen, case)
    _shows_views(seen, pattern, case)
    _says_what_is_not_emulated(lab, pattern, case)


async def _driven(lab: Lab, case: Case) -> Run:
    async with recording(lab, "One call") as rec:
        for path, status in case.paths.items():
            answer = await call_edge(lab.pk, "POST", path, {}, {"say": "hello"})
            assert answer.status == status, answer.body
        if case.act is not None:
            await case.act(lab)
        began, deadline = rec.since, time.monotonic() + _SECONDS
        while await in_database(_missing, lab, case, began):
            assert time.monotonic() < deadline, await in_database(_missing, lab, case, began)
            await asyncio.sleep(0.1)
    return rec.run


def _missing(lab: Lab, case: Case, since: float) -> str:
    """What has not come of the call yet, in words."""
    if (works := _works(lab)) < case.works:
        return f"the worker was called {works} times"
    counted = _counted(target_of(lab).uses(resources_of(lab), since) or ())
    return ", ".join(str(key) for key, count in case.uses.items() if counted.get(key, 0) < count)


def _counted(uses: Iterable[Use]) -> dict[tuple[str, str | None], int]:
    return {(use.operation, use.resource): use.count for use in uses}


def _works(lab: Lab) -> int:
    return len(gauges.read_logs(target_of(lab), resources_of(lab), 0, "worker.called"))


def _shows_counts(lab: Lab, case: Case) -> None:
    if case.gauge is not None:
        assert case.gauge in {tuple(gauge) for gauge in gauges.read_gauges(target_of(lab), resources_of(lab))}
        seen = look_inside(lab, case.gauge[0])
        assert seen is not None
        assert bool(seen.contents.entries) == (case.gauge[2] > 0 or case.gauge[1] == "running")


def _shows_uses(seen: Run, case: Case) -> None:
    counted = _counted(seen.uses)
    assert {key: counted.get(key, 0) >= count for key, count in case.uses.items()} == dict.fromkeys(case.uses, True)


def _shows_views(seen: Run, pattern: Pattern, case: Case) -> None:
    """Every arrow but the dark ones is lit, the story tells of each function, and the bill prices all that was used."""
    views, graph = run_views(seen, pattern), graph_of(pattern)
    told = chapters(seen, graph)
    lit = {move.edge for passed in moves(told, graph, seen) for move in passed}
    assert {hop.key for hop in graph.hops} - lit - case.unlit == case.dark
    story = " ".join(line.text for chapter in views.narrative for line in chapter.lines)
    called = {event.function for event in seen.events if isinstance(event, Invocation)}
    assert [id for id in called if graph.label(id) not in story] == []
    assert views.receipt is not None
    assert list(usage(seen, pattern.template).unpriced) == []


@pytest.mark.parametrize("pattern", [pytest.param(CASES[3], id="eventbridge")], indirect=True)
def test_an_archive_is_made_with_the_stack_and_deleted_with_it(pattern: Pattern, deploy: Deploy) -> None:
    """The emulator's CloudFormation does not know archives."""
    lab = deploy(pattern)
    events = target_of(lab).client("events")
    bus = events.describe_event_bus(Name=resources_of(lab)["Bus"].id)["Arn"]
    assert [archive["RetentionDays"] for archive in events.list_archives(EventSourceArn=bus)["Archives"]] == [1]
    services.end_lab(lab, "The test is over.")
    assert events.list_archives(EventSourceArn=bus)["Archives"] == []


def _says_what_is_not_emulated(lab: Lab, pattern: Pattern, case: Case) -> None:
    dark = not_emulated(lab, pattern)
    assert dark.keys() == case.dark
    address = reverse("labs:detail", args=[lab.pk])
    drawn = Client().get(address, headers={"accept": "text/html"}).content.decode()
    for reason in dark.values():
        assert escape(reason) in drawn
    assert drawn.count('class="diagram__unavailable"') == len(dark)
