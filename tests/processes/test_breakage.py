"""When things break on the running site: the emulator is killed in mid-demo, a second process serves the same labs."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalogue.processes import server
from tests.processes.test_up import answers
from tests.support.site import ROOT, Site, alive, descendants, free_port, running_site
from tests.support.waiting import await_true

pytestmark = [pytest.mark.lab, pytest.mark.timeout(240)]

PATTERN = "function-as-a-web-service"
LATE = 60.0
"""Seconds after which a busy machine is no excuse; the promised times are measured by `make bench`."""


def processes(site: Site, part: str) -> list[int]:
    return [pid for pid, command in descendants(site.process.pid).items() if part in command]


def run_it(client: httpx.Client) -> dict[str, str]:
    made = client.post("/labs/", json={"pattern": PATTERN})
    assert made.status_code == 201, made.text
    lab: dict[str, str] = made.json()
    return lab


def state(client: httpx.Client, lab: dict[str, str]) -> dict[str, str]:
    answer: dict[str, str] = client.get(f"/labs/{lab['id']}", headers={"Accept": "application/json"}).json()
    return answer


def test_the_emulator_killed_in_mid_demo_takes_the_labs_with_it_and_nothing_else(tmp_path: Path) -> None:
    with running_site(tmp_path, free_port()) as site, httpx.Client(base_url=site.url, timeout=30) as client:
        lab = run_it(client)
        assert client.post(f"/labs/{lab['id']}/steps/first-call").json()["ok"]

        for pid in processes(site, "catalogue.labs.embedded.host"):
            os.kill(pid, signal.SIGKILL)

        refused = client.get(f"/live/{lab['id']}/zones")
        assert refused.status_code in (410, 503), "503 while it is away, 410 if it is back already"
        assert client.get("/").status_code == 200
        assert client.get(f"/patterns/{PATTERN}/").status_code == 200
        assert client.get(f"/labs/{lab['id']}", headers={"Accept": "text/html"}).status_code == 200
        subscribed = client.post(
            "/newsletter/subscribe", data={"email": "ada@example.com"}, headers={"Accept": "text/html"}
        )
        assert subscribed.status_code in (200, 202, 303), subscribed.text
        while_away = client.post("/labs/", json={"pattern": PATTERN})
        assert while_away.status_code in (201, 503), while_away.text
        if while_away.status_code == 503:
            assert int(while_away.headers["Retry-After"]) <= 5

        await_true(lambda: state(client, lab)["status"] == "gone", LATE)
        told = client.get(f"/labs/{lab['id']}", headers={"Accept": "text/html"}).text
        assert "restarted" in told
        assert f"/patterns/{PATTERN}/" in told, "the page leads to a fresh one"
        assert client.get(f"/live/{lab['id']}/zones").status_code == 410
        assert client.post(f"/labs/{lab['id']}/steps/first-call").status_code == 410

        fresh = run_it(client)
        assert client.get(f"/live/{fresh['id']}/zones").status_code == 200
        await_true(lambda: "ada@example.com" in client.get("/mailbox/").text, LATE)


def test_two_web_processes_serve_the_same_labs(tmp_path: Path) -> None:
    """Made in one, called and stepped in the other, deleted in the first: state is in the database alone."""
    with (
        running_site(tmp_path, free_port()) as site,
        second_web(site) as other_url,
        httpx.Client(base_url=site.url, timeout=30) as one,
        httpx.Client(base_url=other_url, timeout=30) as other,
    ):
        lab = run_it(one)
        owner = {"Authorization": f"Bearer {lab['token']}"}
        assert state(other, lab)["status"] == "ready"
        assert other.get(f"/live/{lab['id']}/zones").status_code == 200
        stepped = other.post(f"/labs/{lab['id']}/steps/quote", headers=owner)
        assert stepped.status_code == 200, stepped.text
        assert stepped.json()["ok"], stepped.text
        other.cookies.update({cookie.name: cookie.value or "" for cookie in one.cookies.jar})
        assert other.post(f"/labs/{lab['id']}/extend", headers={"Accept": "application/json"}).status_code == 200
        assert one.post(f"/labs/{lab['id']}/extend", headers={"Accept": "application/json"}).status_code == 409

        events = told(one.stream("GET", f"/labs/{lab['id']}/events"))
        assert any("/zones" in line for line in events), "what went through the other process is seen in this one"

        assert one.delete(f"/labs/{lab['id']}").status_code == 204
        await_true(lambda: other.get(f"/live/{lab['id']}/zones").status_code == 410, LATE)
        assert state(other, lab)["status"] == "gone"


def test_what_hangs_is_replaced_under_load_and_a_killed_supervisor_leaves_nothing(tmp_path: Path) -> None:
    """All kinds of processes are stopped at the same moment, one of two web processes among them."""
    with (
        running_site(tmp_path, free_port(), 2, HANG_SECONDS="10", SMTP_TIMEOUT="1") as site,
        httpx.Client(base_url=site.url, timeout=60) as client,
        load(site) as answered,
    ):
        await_true(lambda: all_run(site), 2 * LATE)
        lab = run_it(client)
        first_web, second_web = (part["pid"] for name, part in parts(site).items() if name.startswith("web"))
        stopped = {
            first_web,
            *processes(site, "catalogue.labs.embedded.host"),
            *processes(site, "newsletter_loop"),
            *processes(site, "labs_janitor"),
        }
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        at = len(answered)
        await_true(lambda: len(answered) > at + 5, LATE)  # by the other web process, at once
        await_true(lambda: not any(alive(pid) for pid in stopped), 3 * LATE)
        await_true(lambda: all_run(site), 2 * LATE)
        assert {part["restarts"] for name, part in parts(site).items() if part["pid"] != second_web} == {1}
        assert alive(second_web)

        await_true(lambda: state(client, lab)["status"] == "gone", LATE)
        assert client.get(f"/live/{lab['id']}/zones").status_code == 410
        assert client.post(f"/labs/{lab['id']}/steps/first-call").status_code == 410
        assert "restarted" in client.get(f"/labs/{lab['id']}", headers={"Accept": "text/html"}).text
        fresh = run_it(client)
        assert client.get(f"/live/{fresh['id']}/zones").status_code == 200
        client.post("/newsletter/subscribe", data={"email": "grace@example.com"}, headers={"Accept": "text/html"})
        await_true(lambda: "grace@example.com" in client.get("/mailbox/").text, LATE)

        log = (tmp_path / "up.log").read_text()
        for name in ("web 1", "embedded AWS", "mail loop", "labs janitor"):
            assert log.count(f"{name} showed no sign of life") == 1, log
        assert "Traceback" not in log

        tree = descendants(site.process.pid)
        site.process.kill()
        await_true(lambda: not any(alive(pid) for pid in tree), LATE)


def parts(site: Site) -> dict[str, dict[str, Any]]:
    """What the supervisor tells of its parts."""
    found: dict[str, dict[str, Any]] = json.loads((site.var / "parts.json").read_text())["parts"]
    return found


def all_run(site: Site) -> bool:
    return all(part["state"] == "running" for part in parts(site).values())


@contextmanager
def load(site: Site) -> Iterator[list[int]]:
    """A reader who asks for a page again and again; the statuses so far, 0 for a broken connection."""
    statuses: list[int] = []
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            try:
                statuses.append(httpx.get(site.url, timeout=30).status_code)
            except httpx.HTTPError:
                statuses.append(0)
            ended.wait(0.1)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield statuses
    finally:
        ended.set()
        reader.join()


def told(stream: AbstractContextManager[httpx.Response]) -> Iterator[str]:
    deadline = time.monotonic() + LATE
    with stream as response:
        for line in response.iter_lines():
            yield line
            if time.monotonic() > deadline:
                return


@contextmanager
def second_web(site: Site) -> Iterator[str]:
    """Another web server of the same site: the same database, the same emulator, an address of its own."""
    environment = site.environment()
    port = free_port()
    process = subprocess.Popen(
        server.command_at("127.0.0.1", port),
        cwd=ROOT,
        env=environment,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        await_true(lambda: answers(f"{url}/healthz"), LATE)
        yield url
    finally:
        process.terminate()
        process.wait(60)
