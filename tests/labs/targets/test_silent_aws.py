"""What visitors see while the emulator hangs and has not been replaced yet, and while it is starting again."""

import asyncio
import json
import socket
from collections.abc import Iterator
from contextlib import aclosing

import pytest
from django.test import Client

from catalogue.labs.models import Lab
from catalogue.labs.targets import emulators, get_target
from catalogue.labs.targets.base import TargetDown, TargetStarting
from catalogue.labs.watching.reader import watch
from tests.support.site import free_port

pytestmark = [
    pytest.mark.lab,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("content", "emulator"),
]
HTML, JSON = {"accept": "text/html"}, {"accept": "application/json"}


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of something that takes connections and says nothing, as a stopped process does."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def test_a_lab_on_an_emulator_that_hangs_is_not_called_ready(
    lab: Lab, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client()
    assert "stack is ready" in client.get(f"/labs/{lab.pk}", headers=HTML).content.decode()
    assert "trouble" not in client.get(f"/labs/{lab.pk}", headers=JSON).json()
    with monkeypatch.context() as hanging:
        hanging.setenv("EMBEDDED_AWS_URL", silent)
        page = client.get(f"/labs/{lab.pk}", headers=HTML).content.decode()
        assert "stack is ready" not in page
        assert "does not answer at the moment" in page
        told = client.get(f"/labs/{lab.pk}", headers=JSON).json()
        assert (told["status"], told["trouble"]) == ("ready", "The embedded AWS does not answer at the moment.")
        refused = client.post("/labs/", {"pattern": "postbox"}, headers=JSON)
        assert refused.status_code == 503
        assert refused["Retry-After"]
        assert refused.json()["detail"] == "The embedded AWS does not answer at the moment."
    assert "stack is ready" in client.get(f"/labs/{lab.pk}", headers=HTML).content.decode()


async def test_an_open_page_learns_that_the_emulator_hangs_and_that_it_answers_again(
    lab: Lab, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with asyncio.timeout(30), aclosing(watch(lab.pk, None)) as watching:

        async def trouble() -> str:
            """What the next state says."""
            while True:
                for told in await anext(watching):
                    if told.kind == "state":
                        state = json.loads(told.data)
                        assert state["status"] == "ready"
                        return str(state["trouble"])

        assert await trouble() == ""
        with monkeypatch.context() as hanging:
            hanging.setenv("EMBEDDED_AWS_URL", silent)
            assert await trouble() == "The embedded AWS does not answer at the moment."
        assert await trouble() == ""


def test_an_emulator_that_is_starting_again_is_waited_for_and_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    url = get_target().url  # type: ignore[attr-defined]
    monkeypatch.setenv("EMBEDDED_AWS_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(emulators, "RESTART_SECONDS", 0.5)
    with pytest.raises(TargetStarting, match="restarting"):
        emulators.candidates_soon()
    monkeypatch.setattr(emulators, "RESTART_SECONDS", 60)
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            monkeypatch.setenv("EMBEDDED_AWS_URL", url)

    monkeypatch.setattr("time.sleep", pause)
    assert emulators.candidates_soon()
    assert len(looks) == 3


def test_only_a_few_requests_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_AWS_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("time.sleep", lambda _: pytest.fail("waited"))
    held = 0
    while emulators._waiting.acquire(blocking=False):
        held += 1
    try:
        assert held == 8
        with pytest.raises(TargetDown):
            emulators.candidates_soon()
    finally:
        for _ in range(held):
            emulators._waiting.release()
