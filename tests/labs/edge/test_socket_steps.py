"""Steps that open a WebSocket: what they send, await and see."""

from typing import Any

import pytest

from catalogue.labs.demos.runner import run_step
from catalogue.labs.models import Lab
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.content.schemas.pattern import Step
from tests.labs.conftest import CONTENT, Deploy

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def chat(content: Any, deploy: Deploy) -> Lab:
    return deploy(load_pattern(CONTENT / "chat"))


def step(path: str = "/", *, times: int = 1, **more: Any) -> Step:
    socket = {key: more.pop(key) for key in ("send", "ready", "meanwhile", "receive", "within") if key in more}
    request = {"method": "GET", "path": path, "times": times, "socket": socket}
    return Step.model_validate({"id": "talk", "title": "Talk", "notice": "It talks.", "request": request, **more})


def failed(result: Any) -> list[str]:
    return [f"{check.what}: {check.seen}" for check in result.checks if not check.ok]


def test_what_is_sent_comes_back_and_is_compared(chat: Lab) -> None:
    expect = {"status": 101, "body": {"received": [{"said": "Ada"}, {"said": "~^B"}], "closed": None}}
    talk = step(
        send=[{"say": "{{name}}"}, {"say": "Bob"}], receive=2, expect=expect, save={"first": "body.received.0.said"}
    )
    result = run_step(chat, talk, {"name": "Ada"})
    assert failed(result) == []
    assert result.saved == {"first": "Ada"}


def test_a_message_that_does_not_come_is_seen(chat: Lab) -> None:
    talk = step(send=[{"say": "one"}], receive=2, within=0.5, expect={"body": {"received": [{"said": "two"}]}})
    assert len(failed(run_step(chat, talk, {}))) == 1


def test_a_refused_handshake_is_an_answer(chat: Lab) -> None:
    result = run_step(chat, step("/?refuse=1", receive=1, expect={"status": 403}), {})
    assert failed(result) == []
    assert result.answers[0].parsed["title"] == "The connection was refused"


def test_what_the_lab_closes_is_seen(chat: Lab) -> None:
    talk = step(send=[{"hang up": True}], receive=1, expect={"status": 101, "body": {"closed": 1000}})
    assert failed(run_step(chat, talk, {})) == []


def test_several_sockets_are_open_at_once(chat: Lab) -> None:
    talk = step(times=4, send=[{"say": "{{n}}"}], receive=1, expect={"statuses": {101: 4}})
    result = run_step(chat, talk, {})
    assert failed(result) == []
    assert [answer.parsed["received"] for answer in result.answers] == [[{"said": str(n)}] for n in range(1, 5)]


def test_calls_are_made_while_it_is_open(chat: Lab) -> None:
    call = {"method": "GET", "path": "/none"}
    talk = step(send=[{"say": "a"}], ready=1, meanwhile=[call, call], receive=1, expect={"status": 101})
    (answer,) = run_step(chat, talk, {}).answers
    assert len(answer.parsed["statuses"]) == 2
