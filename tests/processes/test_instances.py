"""Two whole sites on one database: neither touches the other's labs, and one takes over from the other."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.postgres import running_cluster
from tests.support.site import ROOT, Site, descendants, free_port, running_site
from tests.support.waiting import await_true

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]

PATTERN = "function-as-a-web-service"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    if kind == "SQLite":
        yield f"sqlite:///{folder / 'shared.sqlite3'}"
    else:
        with running_cluster() as cluster:
            yield cluster.database("shared")


def manage(site: Site, *command: str) -> str:
    """A command of this site's, in its environment."""
    run = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=site.environment(),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def make_lab(site: Site) -> dict[str, str]:
    made = httpx.post(f"{site.url}/labs/", json={"pattern": PATTERN}, timeout=30)
    assert made.status_code == 201, made.text
    lab: dict[str, str] = made.json()
    return lab


def delete(site: Site, lab: dict[str, str]) -> None:
    owner = {"Authorization": f"Bearer {lab['token']}"}
    assert httpx.delete(f"{site.url}/labs/{lab['id']}", headers=owner, timeout=30).status_code == 204


def call(site: Site, lab: dict[str, str]) -> int:
    return httpx.get(f"{site.url}/live/{lab['id']}/zones", timeout=30).status_code


def state(site: Site, lab: dict[str, str]) -> dict[str, str]:
    document: dict[str, str] = httpx.get(
        f"{site.url}/labs/{lab['id']}", headers={"Accept": "application/json"}, timeout=30
    ).json()
    return document


class Visitor(threading.Thread):
    """Looks at pages of a site again and again until told to leave; keeps every status but 200."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self.url = url
        self.seen = 0
        self.odd: list[int] = []
        self._leave = threading.Event()

    def run(self) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self._leave.is_set():
                for address in ("/", "/patterns/", f"/patterns/{PATTERN}/"):
                    status = client.get(address, headers={"Accept": "text/html"}).status_code
                    self.seen += 1
                    if status != 200:
                        self.odd.append(status)
                self._leave.wait(0.25)  # pages that are not built take most of a core if they are read without pause

    def leave(self) -> None:
        self._leave.set()
        self.join(30)


@pytest.mark.parametrize("kind", ["SQLite", "Postgres"])
def test_two_sites_share_a_database_and_one_takes_over_from_the_other(kind: str, tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with ExitStack() as stack:
        shared = {
            "DATABASE_URL": stack.enter_context(database(kind, tmp_path)),
            "SECRET_KEY": "the same of both instances, and long enough to be one",
            "LABS_PER_ADDRESS": "50",
        }
        old = stack.enter_context(running_site(tmp_path / "old", free_port(), **shared))
        of_old, left = make_lab(old), make_lab(old)
        new = stack.enter_context(running_site(tmp_path / "new", free_port(), **shared))
        of_new = make_lab(new)
        for site in (old, new):
            await_true(lambda site=site: "labs_janitor" in str(descendants(site.process.pid)), 60)  # type: ignore[misc]

        # Neither janitor touches what the other's emulator holds, and both sites serve all labs.
        for site in (old, new, old):
            manage(site, "labs_janitor", "--once")
        for site in (old, new):
            for lab in (of_old, left, of_new):
                assert state(site, lab)["status"] == "ready"
                assert call(site, lab) == 200

        # A second start on the same folder is still refused.
        second = subprocess.run(
            [sys.executable, "manage.py", "up", "--port", str(free_port())],
            cwd=ROOT,
            env={**os.environ, "VAR_DIR": str(old.var), **shared},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert second.returncode == 1
        assert "already runs" in second.stderr

        # The upgrade: the old one takes no new labs, keeps those it has until they are over, and ends.
        visitors = [Visitor(old.url), Visitor(new.url)]
        for visitor in visitors:
            visitor.start()
        assert "Labs left: 2." in manage(old, "drain")
        taken_over = make_lab(old)
        assert "Labs left: 2." in manage(old, "drain", "--wait", "0")
        assert call(old, of_old) == call(new, of_old) == call(old, taken_over) == 200
        delete(new, of_old)
        assert "Labs left: 1." in manage(old, "drain")
        await_true(lambda: visitors[0].seen > 20, 60)
        visitors[0].leave()  # what balances the load sends nobody there any more
        manage(old, "drain", "--wait", "1", "--stop")
        assert old.process.wait(60) == 0
        await_true(lambda: state(new, left)["status"] == "gone", 60)
        assert "machine that it ran on is gone" in state(new, left)["reason"]
        assert call(new, left) == 410
        manage(new, "labs_janitor", "--once")
        assert call(new, of_new) == call(new, taken_over) == 200
        visitors[1].leave()
        assert [visitor.odd for visitor in visitors] == [[], []]
        assert all(visitor.seen for visitor in visitors)
