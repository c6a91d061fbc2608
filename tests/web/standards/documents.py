"""A page of every kind and state, as the server sends it: what a visitor without scripts gets.

The visitor walks the running site once: reads, subscribes, runs a pattern, breaks it, shares a run, compares, deletes,
and asks for what is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from catalogue.patterns.content.library import library
from tests.support.site import Site, manage
from tests.support.waiting import await_true

PATTERN = "queue-based-load-leveling"
SMALL = "function-as-a-web-service"
EDITOR, PASSWORD = "editor", "a-password-for-tests"


@dataclass
class Visitor:
    """A browser without scripts, on the running site; it keeps every page that it is shown, by name."""

    client: httpx.Client
    seen: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, path: str, status: int = 200) -> str:
        return self._keep(name, self.client.get(path), status)

    def post(self, name: str, path: str, status: int = 200, **data: str) -> str:
        return self._keep(name, self.client.post(path, data=data), status)

    def _keep(self, name: str, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, f"{name}: {answer.status_code} {answer.text[:500]}"
        self.at = answer.url.path
        self.seen[name] = answer.text
        return answer.text


def documents(site: Site) -> dict[str, str]:
    """HTML by the name of its kind and state."""
    with httpx.Client(base_url=site.url, headers={"Accept": "text/html"}, follow_redirects=True, timeout=120) as client:
        visitor = Visitor(client)
        for name, path in catalogue_pages():
            visitor.get(name, path)
        _refusals(visitor)
        _newsletter(visitor)
        _labs(visitor)
        _comparison(visitor)
        _admin(visitor, site)
        _an_update(visitor, site)
        return visitor.seen


def catalogue_pages() -> Iterator[tuple[str, str]]:
    """Name and address of what everyone is shown."""
    yield from {
        "home": "/",
        "list": "/patterns/",
        "list of one level": "/patterns/?level=100",
        "list without results": "/patterns/?service=sqs&level=100&helps=simplicity",
        "search": "/search/",
        "search with results": "/search/?q=queue",
        "search without results": "/search/?q=zzzzzzzz",
        "about": "/about/",
        "guide": "/guide/",
        "map": "/map/",
        "two patterns side by side": "/compare/?pattern=queue-based-load-leveling&pattern=idempotent-proxy",
        "draw": "/draw/",
        "schemas": "/schemas/",
        "no labs": "/labs/",
        "fidelity": "/fidelity/",
        "archive": "/newsletter/",
        "subscribe": "/newsletter/subscribe",
        "check mailbox": "/newsletter/check-mailbox",
    }.items()
    kinds: set[str] = set()
    for pattern in library().patterns():
        yield pattern.slug, pattern.url
        if pattern.recorded:
            yield f"recorded run of {pattern.slug}", f"{pattern.url}recorded/"
        if pattern.ledger is not None:
            yield f"ledger of {pattern.slug}", f"{pattern.url}ledger/"
        for file in pattern.files:
            if (kind := Path(file.path).suffix) not in kinds:
                kinds.add(kind)
                yield f"source {kind}", f"{pattern.url}source/{file.path}"


def _refusals(visitor: Visitor) -> None:
    visitor.get("unknown address", "/patterns/queue-based-load-levelling/", 404)
    visitor.post("wrong method", "/about/", 405)
    visitor.get("unknown lab", "/labs/aaaaaaaaaaaaaaaaaaaaaa", 404)


def _newsletter(visitor: Visitor) -> None:
    visitor.post("a bad address", "/newsletter/subscribe", 422, email="ada@")
    visitor.get("mailbox without mails", "/mailbox/")
    visitor.post("subscribed", "/newsletter/subscribe", email="ada@example.com")
    await_true(lambda: "/mailbox/1" in visitor.client.get("/mailbox/").text, 60)
    visitor.get("mailbox", "/mailbox/")
    (message,) = set(re.findall(r'"(/mailbox/\d+)"', visitor.seen["mailbox"]))
    visitor.get("mail", message)
    mail = visitor.get("mail as HTML", f"{message}/html")
    confirm = _path(mail, "/newsletter/confirm/")
    visitor.get("confirm", confirm)
    visitor.post("confirmed", confirm)
    visitor.get("confirmed before", confirm)
    visitor.get("a broken link", "/newsletter/confirm/broken", 404)
    preferences = _path(visitor.seen["confirmed"], "/newsletter/preferences/")
    visitor.get("preferences", preferences)
    visitor.post("preferences of no level", preferences, 422)
    visitor.post("preferences kept", preferences, level="100", revisions="yes")
    visitor.get("a broken link to preferences", "/newsletter/preferences/broken", 404)


def _labs(visitor: Visitor) -> None:
    visitor.post("new lab", "/labs/", pattern=PATTERN)
    lab = visitor.at
    await_true(lambda: visitor.client.get(lab, headers={"Accept": "application/json"}).json()["status"] == "ready", 90)
    visitor.get("lab", lab)
    visitor.post("step taken", f"{lab}/steps/one-order")
    visitor.post("lever moved", f"{lab}/levers/close-the-warehouse", do="pull")
    visitor.get("lab in use", lab)
    visitor.get("own labs", "/labs/")
    visitor.get("inside a queue", f"{lab}/inside/OrderQueue")
    visitor.get("inside a function", f"{lab}/inside/WorkerFunction")
    visitor.get("bill", f"{lab}/bill")
    run = _path(visitor.seen["lab in use"], f"{lab}/runs/")
    visitor.get("run", run)
    visitor.post("shared run", f"{run}/share")
    with httpx.Client(base_url=visitor.client.base_url, headers={"Accept": "text/html"}, timeout=60) as other:
        stranger = Visitor(other, visitor.seen)
        stranger.get("lab of another visitor", lab)
        stranger.post("not one's own", f"{lab}/delete", 403)
    visitor.post("deleted", f"{lab}/delete")
    visitor.get("gone", lab)


def _comparison(visitor: Visitor) -> None:
    visitor.post("new comparison", "/labs/comparisons/", pattern=PATTERN)
    page = visitor.at
    await_true(lambda: f'action="{page}/run"' in visitor.client.get(page).text, 120)
    visitor.get("comparison", page)
    visitor.post("comparison begun", f"{page}/run")
    await_true(lambda: 'id="costs"' in visitor.client.get(page).text, 120)
    visitor.get("comparison with results", page)
    visitor.post("comparison deleted", f"{page}/delete")


def _admin(visitor: Visitor, site: Site) -> None:
    page = visitor.get("login", "/admin/")
    manage(
        site,
        "createsuperuser",
        "--noinput",
        DJANGO_SUPERUSER_USERNAME=EDITOR,
        DJANGO_SUPERUSER_PASSWORD=PASSWORD,
        DJANGO_SUPERUSER_EMAIL="editor@example.com",
    )
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    visitor.post(
        "admin", "/admin/login/?next=/admin/", username=EDITOR, password=PASSWORD, csrfmiddlewaretoken=token[1]
    )
    visitor.get("status", "/admin/status/")


def _an_update(visitor: Visitor, site: Site) -> None:
    """An update in the archive. A new site has drafts of what comes after its start only."""
    updates = f"Update.objects.filter(pattern={PATTERN!r})"
    manage(
        site, "shell", "-v0", "-c", f"from catalogue.newsletter.models import Update; {updates}.update(state='draft')"
    )
    manage(site, "newsletter", "release", PATTERN, "--yes")
    visitor.get("archive of one update", "/newsletter/")
    visitor.get("update", f"/newsletter/updates/{PATTERN}/1")


def _path(text: str, start: str) -> str:
    found = re.search(rf"{start}[\w:.-]+", text)
    assert found, start
    return found[0]
