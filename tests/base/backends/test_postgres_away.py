"""A whole site whose Postgres is stopped and started: pages and known labs are served on, all else is a clear 503."""

import re
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from catalogue.base.backends import faults
from tests.processes.test_instances import PATTERN, call, make_lab
from tests.support.postgres import Cluster, running_cluster
from tests.support.site import Site, descendants, free_port, running_site
from tests.support.waiting import await_true

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

HTML, JSON = {"Accept": "text/html"}, {"Accept": "application/json"}


def count(url: str, sql: str, *arguments: Any) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(sql, arguments).fetchone()
    return int(row[0]) if row else 0


def loops(site: Site) -> set[int]:
    names = ("newsletter_loop", "labs_janitor", "catalogue.processes.server", "catalogue.labs.embedded.host")
    return {pid for pid, command in descendants(site.process.pid).items() if any(name in command for name in names)}


def test_postgres_goes_and_comes_back(tmp_path: Path) -> None:
    with running_cluster() as cluster:
        url = cluster.database("site")
        with (
            running_site(tmp_path, free_port(), DATABASE_URL=url) as site,
            httpx.Client(base_url=site.url, timeout=30) as client,
        ):
            lab, other = make_lab(site), make_lab(site)
            assert call(site, lab) == 200
            await_true(lambda: "labs_janitor" in str(descendants(site.process.pid)), 60)
            before = loops(site)
            cluster.stop()
            try:
                _while_it_is_away(client, lab, other)
            finally:
                cluster.start()
            _when_it_is_back(client, cluster, url, lab)
            assert loops(site) >= before, "no process has ended"
        log = (tmp_path / "up.log").read_text()
        assert "Traceback" not in log, log
        lines = re.findall(r"Storage does not answer", log)
        assert 1 <= len(lines) <= 3 * 2, f"a line of each of three processes, or two past a minute:\n{log}"


def _while_it_is_away(client: httpx.Client, lab: dict[str, str], other: dict[str, str]) -> None:
    for address in ("/", f"/patterns/{PATTERN}/"):
        assert client.get(address, headers=HTML).status_code == 200, address
    for _ in range(3):
        assert client.get(f"/live/{lab['id']}/zones").status_code == 200, "its emulator answers"
    refused = {
        "/labs/<id> as JSON": client.get(f"/labs/{other['id']}", headers=JSON),
        "/labs/<id> as a page": client.get(f"/labs/{other['id']}", headers=HTML),
        "its events": client.get(f"/labs/{other['id']}/events", headers=JSON),
        "a step": client.post(f"/labs/{other['id']}/steps/first-call", headers=JSON),
        "a new lab": client.post("/labs/", json={"pattern": PATTERN}),
        "a form": client.post("/newsletter/subscribe", data={"email": "ada@example.com"}, headers=HTML),
        "the admin": client.post("/admin/login/", data={"username": "a", "password": "b"}, headers=HTML),
        "an endpoint that is not known here": client.get(f"/live/{other['id']}/zones"),
    }
    for what, answer in refused.items():
        if what == "the admin" and answer.status_code == 403:
            continue  # its form's protection comes before its password
        assert answer.status_code == 503, f"{what}: {answer.status_code} {answer.text[:300]}"
        assert answer.headers["Retry-After"] == str(faults.RETRY_SECONDS), what
        kind = "text/html" if what in ("/labs/<id> as a page", "a form", "the admin") else "application/problem+json"
        assert answer.headers["Content-Type"].startswith(kind), what
        assert faults.DETAIL in answer.text
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200, "the process is alive"
    assert client.get("/static/nothing.css", headers={"Cookie": f"sessionid={'a' * 32}"}).status_code == 404


def _when_it_is_back(client: httpx.Client, cluster: Cluster, url: str, lab: dict[str, str]) -> None:
    await_true(lambda: client.get("/readyz").status_code == 200, 30)
    await_true(lambda: count(url, "SELECT count(*) FROM labs_edgecall WHERE lab_id = %s", lab["id"]) == 4, 30)
    assert count(url, "SELECT count(*) FROM newsletter_subscriberequest") == 0, "the form that was refused left nothing"
    assert client.post("/newsletter/subscribe", data={"email": "grace@example.com"}, headers=HTML).status_code < 400
    await_true(lambda: "grace@example.com" in client.get("/mailbox/").text, 60)  # the mail loop goes on
    events = client.stream("GET", f"/labs/{lab['id']}/events")
    with events as stream:
        assert any("/zones" in line for line in stream.iter_lines()), "feeds go on"
    # The janitor goes on: it ends a lab whose time is over.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE labs_lab SET expires_at = now() WHERE id = %s", [lab["id"]])
    await_true(
        lambda: count(url, "SELECT count(*) FROM labs_lab WHERE id = %s AND status = 'gone'", lab["id"]) == 1, 60
    )
