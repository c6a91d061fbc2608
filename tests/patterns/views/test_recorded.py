"""What a pattern shows before any click: its recorded run, on its page, on one of its own, and as JSON."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.brief import briefs
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import recorded_run
from tests.patterns.support.html import read_page

HTML = {"accept": "text/html"}


def words_of(page: str) -> str:
    """What a reader sees of a page, as one line."""
    return " ".join(unescape(re.sub(r"<(script|style).*?</\1>|<[^>]+>", "", page, flags=re.DOTALL)).split())


def shown() -> list[Pattern]:
    """Patterns whose recorded run is of their present content; `make check` tells of the others."""
    return [pattern for pattern in library().patterns() if pattern.recorded]


@pytest.fixture
def pattern() -> Pattern:
    found = shown()
    assert found, "no pattern has a recorded run: manage.py record_run --all"
    return found[0]


def test_every_step_tells_at_rest_what_it_brought(client: Client) -> None:
    for pattern in shown():
        run = recorded_run(pattern)
        assert run is not None
        text = words_of(client.get(pattern.url, headers=HTML).content.decode())
        assert f"A run recorded on {run.recorded_at.day} {run.recorded_at:%B %Y} on the embedded AWS" in text
        for told in briefs(run).values():
            assert f"Recorded: {told.answer} in {told.took}" in text
            assert told.seen in text


def test_all_figures_are_those_of_the_file(client: Client, pattern: Pattern) -> None:
    document: dict[str, Any] = json.loads((pattern.folder / "recorded.json").read_text())
    run = Run.model_validate(client.get(f"{pattern.url}recorded.json").json())
    assert run == Run.model_validate(document)
    for action in document["actions"]:
        (answer,) = [briefs(run)[action["id"]].answer]
        assert answer == "done" or all(str(each["status"]) in answer for each in action["answers"])


def test_the_recorded_run_has_a_page_with_all_views(client: Client) -> None:
    for pattern in shown():
        response = client.get(f"{pattern.url}recorded/", headers=HTML)
        assert response.status_code == 200
        text = response.content.decode()
        assert "<run-player" in text
        for action in pattern.recorded.actions if pattern.recorded else ():
            assert action.title in words_of(text)


def test_the_page_leads_there_and_its_views_come_alone_for_who_wants_to_watch(client: Client, pattern: Pattern) -> None:
    page = read_page(client.get(pattern.url, headers=HTML).content.decode())
    (link,) = [link for link in page.all("a") if "data-watch" in link]
    assert link["href"] == f"{pattern.url}recorded/"
    fragment = client.get(link["href"] + "?part=views", headers=HTML).content.decode()
    assert "<run-player" in fragment
    assert "<html" not in fragment


def test_json_is_public_and_conditional(client: Client, pattern: Pattern) -> None:
    first = client.get(f"{pattern.url}recorded.json")
    assert first["Access-Control-Allow-Origin"] == "*"
    assert client.get(f"{pattern.url}recorded.json", headers={"if-none-match": first["ETag"]}).status_code == 304


@pytest.mark.parametrize("path", ["/patterns/no-such/recorded/", "/patterns/no-such/recorded.json"])
def test_of_an_unknown_pattern_there_is_none(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_without_a_recorded_run_the_page_says_nothing_of_one(
    client: Client, pattern: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(pattern.__dict__, "recorded", None)
    text = client.get(pattern.url, headers=HTML).content.decode()
    assert "Recorded:" not in text
    assert "data-watch" not in text
    assert client.get(f"{pattern.url}recorded/").status_code == 404
    assert client.get(f"{pattern.url}recorded.json").status_code == 404


def test_the_part_that_a_page_loads_and_the_runs_own_page_show_the_same_lines(client: Client, pattern: Pattern) -> None:
    """Whichever is rendered first: what both show alike is kept from one to the other."""
    address = f"/patterns/{pattern.slug}/recorded/"
    part, page, again = (
        client.get(address + query, headers=HTML).content.decode() for query in ("?part=views", "", "?part=views")
    )

    assert part == again
    for name in ("story__lines", "run-words", "fall__chart", "run-raw", "receipt__lines"):
        found = [
            re.findall(rf'<\w+ class="{name}".*?</(?:ol|details|div|pre|ul)>', text, re.DOTALL) for text in (part, page)
        ]
        assert found[0] == found[1] != [], name
    assert '<h3 class="run-view__title">' in part
    assert '<h2 class="run-view__title">' in page
