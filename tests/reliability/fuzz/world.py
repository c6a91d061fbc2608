"""What exists on the site while it is fuzzed: a lab, a run, a shared run and a comparison, made anew when deleted."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import requests

PATTERN = "function-as-a-web-service"
COMPARED = "gateway-cache"
STEP = "first-call"
SECONDS = 30


class World:
    """Ids that exist, and the headers of who owns them."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self.session = session
        self.ids: dict[str, str] = {}
        self.refresh()

    @classmethod
    @contextmanager
    def made(cls, url: str) -> "Iterator[World]":
        with requests.Session() as session:
            yield cls(url, session)

    def refresh(self) -> None:
        """Make whatever of it is gone."""
        lab = self.ids.get("lab")
        if lab is None or self._get(f"/labs/{lab}").get("status") != "ready":
            made = self._post("/labs/", {"pattern": PATTERN})
            self.ids |= {"lab": made["id"], "token": made["token"]}
            run = self._post(f"/labs/{made['id']}/steps/{STEP}", {}).get("run", {})
            self.ids["run"] = run.get("id", "none")
            lever = self._get(f"/labs/{made['id']}/levers")["levers"][0]
            self.ids["lever"] = lever["id"]
            for kind in ("challenge", "slider"):
                self.ids[kind] = self._get(f"/labs/{made['id']}/{kind}s")[f"{kind}s"][0]["id"]
            self.ids["resource"] = "ParcelApi"
            shared = self._post(f"/labs/{made['id']}/runs/{self.ids['run']}/share", {})
            self.ids["shared"] = str(shared.get("url", "none")).rstrip("/").rsplit("/", 1)[-1].removesuffix(".json")
        comparison = self.ids.get("comparison")
        if comparison is None or self._get(f"/labs/comparisons/{comparison}").get("state") not in ("ready", "done"):
            self.ids["comparison"] = self._post("/labs/comparisons/", {"pattern": COMPARED}).get("id", "none")

    @property
    def owner(self) -> dict[str, str]:
        """The cookie by hand: it is for HTTPS only, and no proxy with TLS stands before this site."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.session.cookies.items())
        return {"Authorization": f"Bearer {self.ids['token']}", "Cookie": cookies}

    def trace(self) -> str:
        """The trace id of a call made just now through the lab's endpoint."""
        answer = self.session.get(f"{self.url}/live/{self.ids['lab']}/zones", timeout=SECONDS)
        return answer.headers.get("X-Amzn-Trace-Id", "").removeprefix("Root=")

    def _get(self, path: str) -> dict[str, Any]:
        return self._json(self.session.get(self.url + path, headers={"Accept": "application/json"}, timeout=SECONDS))

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Accept": "application/json"} | (self.owner if "token" in self.ids else {})
        return self._json(self.session.post(self.url + path, json=body, headers=headers, timeout=90))

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        try:
            said = answer.json()
        except ValueError:
            return {}
        return said if isinstance(said, dict) else {}
