"""A visitor's whole story in a real browser: read, run, watch, subscribe, confirm."""

import json
import re
import subprocess
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.site import Site
from tests.support.workbench import open_step, show

pytestmark = [pytest.mark.browser, pytest.mark.lab]


def test_reads_a_pattern_from_the_front_page_to_its_template(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Queue-Based Load Leveling").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Queue-Based Load Leveling")
    expect(page.locator("[data-diagram] [data-node]:visible").first).to_be_visible()
    expect(page.get_by_role("heading", name="What goes wrong")).to_be_attached()
    page.get_by_role("link", name="template.yaml").last.click()
    expect(page.locator("pre")).to_contain_text("AWSTemplateFormatVersion")


def test_runs_a_pattern_and_sees_the_trace_of_every_call(page: Page) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    endpoint = page.locator("[data-endpoint]").inner_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/live/[\w-]{20,}", endpoint)

    first = page.locator(".lab-step").first
    first.get_by_role("button", name=re.compile("^Send")).click()
    expect(first.locator(".checks li").first).to_be_visible()
    expect(first.locator(".checks .is-not")).to_have_count(0)

    trace = page.get_by_role("log")
    expect(trace.locator(".trace-request").first).to_contain_text("was answered 200")
    expect(trace.locator(".trace-invocation").first).to_contain_text("after a cold start")
    expect(trace.locator(".trace-log").first).to_be_visible()


def test_a_call_from_elsewhere_appears_on_the_open_page(page: Page) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    endpoint = page.locator("[data-endpoint]").inner_text()
    httpx.get(f"{endpoint}/from-a-terminal", timeout=60)
    expect(page.get_by_role("log").locator(".trace-request")).to_contain_text("/from-a-terminal")


def test_the_trace_is_in_the_order_in_which_things_happened_whenever_it_is_reported(page: Page) -> None:
    def told(kind: str, **event: object) -> str:
        return f"event: {kind}\ndata: {json.dumps(event)}\n\n"

    at = 1_790_000_000
    call = {"method": "GET", "status": 200, "ms": 20, "trace": "1-0-0"}
    stream = "".join(
        (
            "retry: 600000\n",
            told("request", at=at + 0.654, path="/zones", **call),
            told("request", at=at + 0.9, path="/quotes", **call),
            told("log", at=at + 0.671, function="ZonesFunction", message="late"),
            told("log", at=at + 0.671, function="ZonesFunction", message="later"),
            told("log", at=at + 0.1, function="ZonesFunction", message="first of all"),
        )
    )
    headers = {"Content-Type": "text/event-stream"}
    page.route("**/labs/*/events", lambda route: route.fulfill(headers=headers, body=stream))
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    lines = page.get_by_role("log").locator("li")
    expect(lines).to_have_count(5)
    assert [line[-3:] for line in lines.locator("time").all_inner_texts()] == ["100", "654", "671", "671", "900"]
    expect(lines.locator(".trace-text").nth(2)).to_have_text("ZonesFunction wrote: late")


def test_at_rest_no_empty_box_waits_for_a_trace(page: Page) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    expect(page.locator("lab-panel.is-enhanced")).to_be_attached()
    expect(page.get_by_text("Requests, invocations and log lines appear here")).to_be_hidden()
    page.get_by_role("button", name="Run it").click()
    expect(page.get_by_text("Requests, invocations and log lines appear here")).to_be_visible()


def test_a_request_of_ones_own_is_sent_and_shown_as_curl(page: Page) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    show(page, "Request")
    page.get_by_label("Path").fill("/it's-not-there")
    expect(page.locator("[data-curl]")).to_contain_text("it'\\''s-not-there")
    page.get_by_role("button", name="Send from this browser").click()
    expect(page.locator("[data-answer] .answer-line")).to_contain_text("measured in your browser")


def test_a_visitor_may_ask_for_more_time_once(page: Page) -> None:
    page.goto("/patterns/gateway-proxy/")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    page.get_by_role("button", name="Extend its time").click()
    expect(page.locator("[data-status]")).to_contain_text("more time")
    expect(page.get_by_role("button", name="Extend its time")).to_be_hidden()

    other = page.context.new_page()
    other.goto(f"/labs/{page.evaluate("sessionStorage.getItem('lab:gateway-proxy')")}")
    other.locator(".lever-switch").first.click()
    expect(page.locator(".lab-broken")).to_be_visible()  # the lab's state was sent again
    expect(page.locator("[data-status]")).to_contain_text("more time")


def test_there_is_one_button_for_what_can_be_done_and_the_keyboard_is_never_lost(page: Page) -> None:
    page.goto("/patterns/function-as-a-web-service/")
    run = page.get_by_role("button", name="Run it", exact=True)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    run.dblclick()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    expect(run).to_be_hidden()
    endpoint = page.locator("[data-endpoint]")
    expect(endpoint).to_be_focused()
    assert len(asked) == 1, "two presses, one lab"
    first = endpoint.inner_text()
    page.reload()
    expect(endpoint).to_have_text(first)
    expect(run).to_be_hidden()
    page.get_by_role("button", name="Delete this lab").press("Enter")
    expect(page.locator("[data-status]")).to_contain_text("You have deleted this lab")
    expect(run).to_be_focused()


def test_a_refusal_is_reported_in_sentences_with_the_way_out(browser: Browser, site: Site) -> None:
    page = browser.new_page(base_url=site.url)  # not the visitor in whose console nothing may be red
    body = {
        "title": "No further lab now",
        "detail": "You have 1 lab running.",
        "labs": [{"title": "Gateway Cache", "page": "/about/"}, {"title": "Gateway Proxy", "page": "/"}],
    }
    page.route("**/labs/", lambda route: route.fulfill(status=429, json=body, headers={"Retry-After": "584"}))
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it", exact=True).click()
    status = page.locator("[data-status]")
    said = "No further lab now. You have 1 lab running. Try again in 10 minutes. Yours: Gateway Cache, Gateway Proxy"
    expect(status).to_have_text(said)
    expect(status.get_by_role("link", name="Gateway Cache")).to_have_attribute("href", "/about/")
    page.unroute("**/labs/")
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(status).to_contain_text("ready")
    page.close()


def test_a_burst_fills_the_queue_and_is_worked_off(page: Page) -> None:
    page.goto("/patterns/queue-based-load-leveling/")
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    burst = open_step(page.locator(".lab-step").filter(has_text="× 50"))
    burst.get_by_role("button", name=re.compile("^Send")).click()
    expect(burst.locator(".answer-line")).to_contain_text("50 × 202", timeout=60_000)
    show(page, "Queue")
    expect(page.locator(".chart").first).to_be_visible()
    expect(burst.locator(".checks .is-not")).to_have_count(0)
    now = page.locator(".chart", has_not_text="Dead").first.locator(".chart-now")
    expect(now).to_have_text("0", timeout=60_000)


def test_subscribes_and_confirms_from_the_mailbox(page: Page) -> None:
    page.goto("/")
    form = page.locator("form.subscribe").first
    form.get_by_role("textbox").fill("reader@example.org")
    form.get_by_role("button").click()
    expect(page.get_by_role("main")).to_contain_text("mail")
    page.goto("/mailbox/")
    reload_until(page, lambda: page.get_by_text("reader@example.org").count() > 0)
    page.locator(".mailbox-list a").first.click()
    # Whole, or the browser is asked to scroll to a link in a frame that has no place on the page yet, and passes it.
    page.wait_for_url(re.compile(r"/mailbox/\d+$"))
    with page.expect_navigation(url=re.compile("/newsletter/confirm/")):
        page.frame_locator("iframe").get_by_role("link", name="Confirm subscription").click()
    page.get_by_role("main").get_by_role("button").first.click()
    expect(page.get_by_role("main")).to_contain_text(re.compile("subscribed|confirmed", re.I))


def reload_until(page: Page, condition: Callable[[], bool]) -> None:
    for _ in range(300):
        if condition():
            return
        page.wait_for_timeout(100)
        page.reload()
    raise AssertionError("not seen after three hundred reloads")


def test_without_javascript_a_pattern_is_run_stepped_through_and_deleted(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it").click()
    page.wait_for_url("**/labs/*")
    expect(page.get_by_role("main")).to_contain_text("Your stack is ready")
    page.locator(".lab-step").first.get_by_role("button", name=re.compile("^Send")).click()
    result = page.locator(".lab-step").first.locator(".lab-step-result")
    expect(result).to_contain_text("200")
    expect(result.locator(".checks .is-not")).to_have_count(0)
    page.get_by_role("button", name="Delete this lab").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Function as a Web Service")
    context.close()


def test_a_steps_request_is_edited_and_shown_as_curl_with_all_that_the_step_sent(page: Page) -> None:
    page.goto("/patterns/gateway-proxy/")  # its gateway takes JSON that says so, and refuses all else with 415
    page.get_by_role("button", name="Run it").click()
    expect(page.locator("[data-status]")).to_contain_text("ready")
    first = page.locator(".lab-step").first
    first.get_by_role("button", name=re.compile("^Send")).click()
    first.get_by_text("The same with curl").click()
    command = first.locator(".step-command pre").inner_text()
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=True).stdout
    assert answer.split(maxsplit=2)[1] == "202", answer
    first.get_by_role("button", name="Edit this request").click()
    page.get_by_role("button", name="Send from this browser").click()
    expect(page.locator("[data-answer] .answer-line")).to_contain_text("202")
