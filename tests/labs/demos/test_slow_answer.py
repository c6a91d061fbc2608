"""What takes long is answered in time all the same: with a stream that ends in what was asked for."""

import asyncio
import gc
import json
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.test import AsyncClient, RequestFactory
from jsonschema import Draft202012Validator

from catalogue.labs.demos import runner
from catalogue.labs.edge import client as edge_client
from catalogue.labs.lifecycle.limits import digest
from catalogue.labs.models import Lab, Run
from catalogue.labs.views import slow_answer
from catalogue.labs.views.slow_answer import answer_in_time
from catalogue.patterns.documents.openapi.description import openapi
from catalogue.web.errors import Problem
from tests.labs.conftest import run

DESCRIPTION = openapi("https://patterns.example")
HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_answer, "_SOON_SECONDS", 0.05)
    monkeypatch.setattr(slow_answer, "_BEAT_SECONDS", 0.02)


async def later(make: Callable[[], HttpResponse]) -> HttpResponse:
    await asyncio.sleep(0.2)
    return make()


async def streamed(response: Any) -> bytes:
    assert response.streaming
    assert response["Cache-Control"] == "no-store"
    return b"".join([part async for part in response.streaming_content])


def refuse() -> HttpResponse:
    raise Problem(409, "The lever did not move", "AWS refused the operation.")


async def test_what_is_ready_soon_is_an_ordinary_answer() -> None:
    async def work() -> HttpResponse:
        return JsonResponse({"ok": True}, status=201)

    response: Any = await answer_in_time(RequestFactory().get("/labs/"), work())
    assert (response.status_code, response.streaming) == (201, False)


async def test_what_is_refused_soon_is_refused() -> None:
    async def work() -> HttpResponse:
        return refuse()

    with pytest.raises(Problem, match="The lever"):
        await answer_in_time(RequestFactory().get("/labs/"), work())


async def test_what_takes_long_begins_with_empty_lines_and_ends_as_json() -> None:
    may_end = asyncio.Event()

    async def work() -> HttpResponse:
        await may_end.wait()
        return JsonResponse({"ok": False})

    response: Any = await answer_in_time(RequestFactory().get("/labs/"), work())
    parts = response.streaming_content
    assert [await anext(parts) for _ in range(2)] == [b"\n", b"\n"]
    may_end.set()
    body = await streamed(response)
    assert json.loads(body) == {"ok": False}
    assert response["Content-Type"] == "application/json"


async def test_what_is_refused_late_says_so_in_its_body() -> None:
    body = await streamed(await answer_in_time(RequestFactory().get("/labs/"), later(refuse)))
    assert json.loads(body)["status"] == 409
    slow = {
        operation["operationId"]: operation["responses"]["200"]["content"]["application/json"]["schema"]
        for path in DESCRIPTION["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict) and "longer than ten seconds" in json.dumps(operation["responses"].get("200"))
    }
    assert set(slow) == {"runStep", "moveLever", "resetLevers", "moveSlider", "tryChallenge", "runComparison"}
    for schema in slow.values():
        Draft202012Validator({**schema, "components": DESCRIPTION["components"]}).validate(json.loads(body))


async def test_what_breaks_late_says_so_in_its_body_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> HttpResponse:
        raise ZeroDivisionError

    body = await streamed(await answer_in_time(RequestFactory().get("/labs/"), later(broken)))
    assert json.loads(body)["status"] == 500
    assert "ZeroDivisionError" in caplog.text


async def test_a_late_redirection_is_a_page_that_leads_on() -> None:
    request = RequestFactory().get("/labs/", headers=HTML)
    response = await answer_in_time(request, later(lambda: HttpResponseRedirect("/labs/x?a=1&b=2#lever")))
    page = (await streamed(response)).decode()
    assert page.lstrip().startswith("<!doctype html>")
    assert 'href="/labs/x?a=1&amp;b=2#lever"' in page
    assert response["Content-Type"].startswith("text/html")


async def test_the_work_goes_on_when_its_visitor_has_left() -> None:
    done = asyncio.Event()

    def finish() -> HttpResponse:
        done.set()
        return HttpResponse()

    response: Any = await answer_in_time(RequestFactory().get("/labs/"), later(finish))
    parts = response.streaming_content
    await anext(parts)
    await parts.aclose()
    async with asyncio.timeout(60):
        await done.wait()


@pytest.mark.lab
@pytest.mark.django_db(transaction=True)
def test_a_step_that_takes_long_is_answered_as_a_stream_with_and_without_script(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = edge_client.call_edge

    async def slow(*args: Any) -> Any:
        await asyncio.sleep(0.4)
        return await real(*args)

    monkeypatch.setattr(runner, "call_edge", slow)
    Lab.objects.filter(pk=lab.pk).update(token_hash=digest("token"))

    async def take(accept: str) -> bytes:
        headers = {"authorization": "Bearer token", "accept": accept}
        response = await AsyncClient().post(f"/labs/{lab.pk}/steps/look", headers=headers)
        assert response.status_code == 200
        return await streamed(response)

    async def both() -> tuple[bytes, bytes]:
        return await take("application/json"), await take("text/html")

    for_script, page = run(both())
    result = json.loads(for_script)
    assert (result["ok"], result["answers"][0]["status"]) == (True, 200)
    assert "As expected:" in page.decode()
    assert Run.objects.filter(lab=lab).count() == 2


async def test_a_refusal_that_its_visitor_no_longer_hears_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A stranger could otherwise write a traceback into the log with each request that they drop."""
    await leave(later(refuse))
    assert caplog.text == ""


async def test_what_breaks_after_its_visitor_has_left_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> HttpResponse:
        raise ZeroDivisionError

    await leave(later(broken))
    assert [record.name for record in caplog.records] == ["catalogue.labs.views.slow_answer"]
    assert "ZeroDivisionError" in caplog.text


async def leave(work: Coroutine[Any, Any, HttpResponse]) -> None:
    """Ask for the work, and go away before it is done; returns when it is, and nothing of it is left."""
    asking = asyncio.create_task(answer_in_time(RequestFactory().get("/labs/"), work))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert slow_answer._going_on
    while slow_answer._going_on:
        await asyncio.sleep(0.01)
    gc.collect()
