"""/patterns.json: filtered and divided into pages."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests.patterns.support.example import write_pattern


@pytest.fixture(autouse=True)
def content(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path / "content"
    settings.VAR_DIR = tmp_path / "var"
    settings.SITE_URL = "https://patterns.example"
    for number in range(1, 6):
        write_pattern(settings.CONTENT_DIR, f"counter-{number}", title=f"Counter {number}")


def listed(client: Client, query: str) -> dict[str, Any]:
    answer = client.get(f"/patterns.json{query}")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def test_without_a_question_all_are_on_one_page(client: Client) -> None:
    found = listed(client, "")

    assert len(found["patterns"]) == 5
    assert (found["total"], found["page"], found["pages"], found["next"]) == (5, 1, 1, None)


def test_pages_lead_from_one_to_the_next_and_hold_each_pattern_once(client: Client) -> None:
    seen, query = [], "?per_page=2"
    while query:
        found = listed(client, query)
        assert (found["total"], found["pages"]) == (5, 3)
        seen += [pattern["slug"] for pattern in found["patterns"]]
        query = (found["next"] or "").removeprefix("https://patterns.example/patterns.json")

    assert seen == [f"counter-{number}" for number in range(1, 6)]


def test_filters_leave_what_has_all_that_is_named_and_stay_in_the_next_address(client: Client) -> None:
    level = listed(client, "")["patterns"][0]["level"]

    found = listed(client, f"?level={level}&service=lambda&per_page=2")

    assert found["total"] == 5
    assert found["next"] == f"https://patterns.example/patterns.json?level={level}&service=lambda&page=2&per_page=2"
    others = {100, 200, 300} - {level}
    assert listed(client, f"?level={min(others)}")["patterns"] == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?service=lamda", "service=lamda"),
        ("?aim=cost", "aim=cost"),
        ("?page=2", "page 1 is the last one"),
        ("?page=0", "page must be a number"),
        ("?per_page=101", "per_page must be a number from 1 to 100"),
        ("?per_page=x", "per_page must be a number"),
    ],
)
def test_what_chooses_nothing_is_refused_with_what_can_be_asked(client: Client, query: str, said: str) -> None:
    answer = client.get(f"/patterns.json{query}")

    assert answer.status_code == 422
    assert said in answer.json()["detail"]
