"""Counts beside a box: what a pattern declares is counted from the trace."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.waiting import await_true

pytestmark = pytest.mark.browser

CACHE = {"node": "Cache", "label": "hits", "without": "Shop", "statuses": [200], "paths": ["/products"]}
REPLAYS = {"node": "Shop", "label": "replays", "step": "replayed"}
COUNT = """async ({counters, events}) => {
    const {Counters} = await import("/static/js/lab/live/counters.js");
    window.seen = {};
    window.counting = new Counters(counters, (node, text) => { window.seen[node] = text; });
    events.forEach((event) => window.counting.add(event));
}"""


def request(trace: str, status: int = 200, path: str = "/products/mug") -> dict[str, Any]:
    return {"kind": "request", "trace": trace, "status": status, "path": path}


def run(trace: str, function: str = "Shop") -> dict[str, Any]:
    return {"kind": "invocation", "trace": trace, "function": function}


def line(step: str) -> dict[str, Any]:
    return {"kind": "log", "function": "Shop", "json": {"step": step}}


def test_a_request_without_a_run_is_from_the_cache_and_no_other(page: Page) -> None:
    page.goto("/patterns/")
    events = [
        request("kept"),
        request("missed"),
        run("missed"),
        run("told-before-its-request"),
        request("told-before-its-request"),
        request("refused", status=429),
        request("elsewhere", path="/health"),
        request("of-another-function"),
        run("of-another-function", function="Audit"),
    ]
    page.evaluate(COUNT, {"counters": [CACHE], "events": events})
    await_true(lambda: page.evaluate("window.seen") == {"Cache": "2 hits"}, 60)


def test_a_logged_step_is_counted_and_a_new_lab_begins_at_nothing(page: Page) -> None:
    page.goto("/patterns/")
    page.evaluate(COUNT, {"counters": [REPLAYS], "events": [line("replayed"), line("charged"), line("replayed")]})
    assert page.evaluate("window.seen") == {"Shop": "2 replays"}
    page.evaluate("event => { window.counting.clear(); window.counting.add(event); }", line("replayed"))
    assert page.evaluate("window.seen") == {"Shop": "1 replays"}
