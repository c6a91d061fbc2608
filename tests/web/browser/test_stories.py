"""A whole story for each pattern in a real browser: read at rest, run, every step, watched, broken, shared, deleted."""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Locator, Page, expect

from catalogue.labs.embedded.access.boot_keys import credentials_for
from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders
from tests.support.site import Site
from tests.support.workbench import open_step, show

pytestmark = [pytest.mark.browser, pytest.mark.lab, pytest.mark.timeout(420)]

FOLDERS = {
    folder.name: folder
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content"))
    if (folder / "demo.yaml").exists()
}
ANSWER = 30_000
"""Milliseconds within which the page shows what needs no waiting for the lab's own work."""
STEP = 150_000
"""The same for a step, whose demo may let it wait for queues to be worked off."""
PICTURE = "#diagram .diagram__picture--wide"


class Story:
    """A visitor of one pattern's page, and the lab that they run there."""

    def __init__(self, page: Page, site: Site, pattern: Pattern) -> None:
        assert pattern.demo is not None
        self.page, self.site, self.pattern, self.demo = page, site, pattern, pattern.demo
        self.endpoint = ""

    @property
    def lab(self) -> str:
        return self.endpoint.rpartition("/")[2]

    def document(self, path: str) -> dict[str, Any]:
        """What the site says of the lab as JSON, apart from what its page shows."""
        answer = httpx.get(f"{self.site.url}{path}", headers={"Accept": "application/json"}, timeout=30)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def counted(self) -> dict[str, int]:
        """Invocations by function's logical id, as they were counted at the stack."""
        lines = self.document(f"/labs/{self.lab}/bill")["so_far"]["lines"]
        parts = [part for line in lines if line["price"] == "lambda.requests" for part in line["parts"]]
        told = [re.fullmatch(r"invocations of (\w+): ([\d,]+)", part) for part in parts]
        return {match[1]: int(match[2].replace(",", "")) for match in told if match}

    def held(self) -> dict[str, str]:
        """What each drawn resource holds, asked of the emulator itself, in the words of the counters."""
        stack = read_stack_name(self.site, self.lab)
        found = {}
        for resource in aws(self.site, "cloudformation").describe_stack_resources(StackName=stack)["StackResources"]:
            logical, id = resource["LogicalResourceId"], resource["PhysicalResourceId"]
            if logical in self.drawn and resource["ResourceType"] == "AWS::SQS::Queue":
                name = "ApproximateNumberOfMessages"
                told = aws(self.site, "sqs").get_queue_attributes(QueueUrl=id, AttributeNames=[name])["Attributes"]
                found[logical] = f"{told[name]} waiting"
            elif logical in self.drawn and resource["ResourceType"] == "AWS::DynamoDB::Table":
                count = aws(self.site, "dynamodb").scan(TableName=id, Select="COUNT")["Count"]
                found[logical] = f"{count} item{'' if count == 1 else 's'}"
            elif logical in self.drawn and resource["ResourceType"] == "AWS::S3::Bucket":
                count = aws(self.site, "s3").list_objects_v2(Bucket=id)["KeyCount"]
                found[logical] = f"{count} object{'' if count == 1 else 's'}"
            elif logical in self.drawn and resource["ResourceType"] == "AWS::StepFunctions::StateMachine":
                running = {"stateMachineArn": id, "statusFilter": "RUNNING"}
                count = len(aws(self.site, "stepfunctions").list_executions(**running)["executions"])
                found[logical] = f"{count} execution{'' if count == 1 else 's'}"
        return found

    @property
    def drawn(self) -> set[str]:
        return {node.id for node in self.pattern.diagram.nodes}

    def counters(self) -> dict[str, str]:
        """The texts of the diagram's counters, by logical id."""
        texts: dict[str, str] = self.page.locator(f"{PICTURE} [data-count]").evaluate_all(
            "all => Object.fromEntries(all.map(one => [one.dataset.count, one.textContent]))"
        )
        return texts

    def shown(self) -> dict[str, int]:
        """Invocations by function's logical id, as the diagram's counters tell."""
        runs = {node: re.match(r"(\d+) runs?(?: · |$)", text) for node, text in self.counters().items()}
        return {node: int(match[1]) for node, match in runs.items() if match}

    def shown_to_hold(self) -> dict[str, str]:
        """What the diagram's counters show of queues, tables, buckets and state machines."""
        held = {
            node: re.match(r"(\d+ (?:waiting|items?|objects?|executions?))(?: · |$)", text)
            for node, text in self.counters().items()
        }
        return {node: match[1] for node, match in held.items() if match}


def read_stack_name(site: Site, lab: str) -> str:
    database = sqlite3.connect(f"file:{site.var / 'db.sqlite3'}?mode=ro", uri=True)
    try:
        name: str = database.execute("SELECT stack FROM labs_lab WHERE id = ?", [lab]).fetchone()[0]
    finally:
        database.close()
    return name


def aws(site: Site, service: str) -> Any:
    """A client of the emulator behind the site, past all of the site's own code."""
    url = site.environment()["EMBEDDED_AWS_URL"]
    make: Any = boto3.Session(*credentials_for(url, site.secret_key), region_name="us-east-1").client
    return make(service, endpoint_url=url)


@pytest.fixture
def elsewhere(page: Page, site: Site) -> Iterator[list[str]]:
    """Addresses of other hosts that the page asked for; the test fails if there are any at its end."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if foreign(request.url, site) else None)
    yield asked
    assert asked == []


def foreign(address: str, site: Site) -> bool:
    return not address.startswith((f"{site.url}/", "data:", "blob:"))


def eventually(condition: Callable[[], bool], page: Page, told: Callable[[], str], seconds: float = 60) -> None:
    """Ask until it is so; what the page does goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, told()
        page.wait_for_timeout(200)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("slug", FOLDERS)
def test_a_visitor_reads_runs_breaks_shares_and_deletes(slug: str, page: Page, site: Site, browser: Browser) -> None:
    story = Story(page, site, load_pattern(FOLDERS[slug]))
    sees_the_recorded_run(story)
    runs_it(story)
    watch_lights(page)
    for step in story.demo.steps:
        takes(story, step.id)
        if (slug, step.id) in HIGH_POINTS:
            HIGH_POINTS[slug, step.id](story, page.locator(f"#step-{step.id}"))
    fits_a_phone(story)
    sees_the_diagram_agree_with_the_stack(story)
    reads_the_meter(story)
    calls_from_another_terminal(story)
    pulls_and_releases_a_lever(story)
    replays_and_shares(story, browser)
    deletes_it(story)


def sees_the_recorded_run(story: Story) -> None:
    page = story.page
    page.goto(f"/patterns/{story.pattern.slug}/")
    expect(page.locator(".lab-recorded")).to_contain_text("A run recorded on")
    assert page.locator(".lab-step").count() == len(story.demo.steps) >= 5
    expect(page.locator(".lab-step .recorded").first).to_contain_text("Recorded: ")
    expect(page.get_by_role("link", name="Watch it")).to_be_visible()


def runs_it(story: Story) -> None:
    page = story.page
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("Your stack is ready", timeout=STEP)
    expect(page.locator(".lab-step .recorded")).to_have_count(0)
    story.endpoint = page.locator("[data-endpoint]").inner_text()
    assert story.endpoint.startswith(f"{story.site.url}/live/")


def watch_lights(page: Page) -> None:
    """Remember which nodes were lit, since a light lasts less than a second."""
    page.evaluate(
        """picture => { window.litNodes = new Set(); new MutationObserver(changes => changes.forEach(({target}) => {
            if (target.dataset.node && target.classList.contains("is-lit")) litNodes.add(target.dataset.node);
        })).observe(document.querySelector(picture), {subtree: true, attributeFilter: ["class"]}); }""",
        PICTURE,
    )


def takes(story: Story, step: str) -> None:
    item = story.page.locator(f"#step-{step}")
    open_step(item).get_by_role("button", name=re.compile("^(Send|Run)")).click()
    expect(item).to_have_class(re.compile("is-done|is-failed"), timeout=STEP)
    result = item.locator("[data-result]")
    assert "is-done" in (item.get_attribute("class") or ""), f"{step}: {result.inner_text()}"
    expect(result).not_to_contain_text("Not as expected")
    assert result.get_by_text("As expected:").count() == result.locator(".checks li").count()
    expect(result.get_by_role("link", name="Replay and inspect")).to_be_visible()


def fits_a_phone(story: Story) -> None:
    """With all that the lab has answered on it, ids and tokens without a break among it."""
    page = story.page
    wide = page.viewport_size
    assert wide is not None
    page.set_viewport_size({"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.set_viewport_size(wide)


def sees_the_diagram_agree_with_the_stack(story: Story) -> None:
    def counted() -> dict[str, int]:
        return {function: count for function, count in story.counted().items() if function in story.drawn}

    eventually(
        lambda: story.shown() == counted(),
        story.page,
        lambda: f"the diagram shows {story.shown()}, the stack counted {counted()}",
    )
    sees_what_queues_and_tables_hold(story)
    for counter in story.pattern.diagram.counters:
        text = story.page.locator(f'{PICTURE} [data-count="{counter.node}"]')
        expect(text).to_have_text(re.compile(rf"(^| · )[1-9]\d* {counter.label}$"))
    lit = set(story.page.evaluate("[...litNodes]"))
    assert set(story.shown()) <= lit
    show(story.page, "Now")
    log = story.page.get_by_role("log")
    expect(log.locator(".trace-invocation").first).to_contain_text(re.compile("ran for|ran [0-9]+ times|failed"))
    expect(log.locator(".trace-log").first).to_be_attached()


def sees_what_queues_and_tables_hold(story: Story) -> None:
    eventually(
        lambda: story.shown_to_hold() == story.held(),
        story.page,
        lambda: f"the diagram shows {story.shown_to_hold()}, the stack holds {story.held()}",
    )


def reads_the_meter(story: Story) -> None:
    show(story.page, "Cost")
    meter = story.page.get_by_role("region", name="What it costs")
    so_far = meter.locator(".meter-sum").first.locator(".meter-usd")
    expect(so_far).to_contain_text(re.compile(r"\$0\.0*[1-9]"))
    line = meter.locator(".meter-lines details").first
    line.locator("summary").click()
    expect(line.locator(".meter-formulas")).to_contain_text(re.compile(r"×.*\$"))
    expect(line.get_by_role("link", name="AWS’s price list")).to_be_visible()


def calls_from_another_terminal(story: Story) -> None:
    path = "/from-another-terminal"
    answer = httpx.get(f"{story.endpoint}{path}", timeout=30)
    show(story.page, "Now")
    line = story.page.get_by_role("log").locator(".trace-request", has_text=path)
    expect(line).to_contain_text(f"GET {path} was answered {answer.status_code}")


def pulls_and_releases_a_lever(story: Story) -> None:
    lever = next(lever for lever in story.demo.levers if lever.release)
    item = story.page.locator(f"#lever-{lever.id}")
    switch = item.locator(".lever-switch")
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "true")
    expect(item.locator("[data-result]")).to_contain_text("Done: ")
    assert story.document(f"/labs/{story.lab}")["pulled"] == [lever.id]
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")
    expect(story.page.locator(".lab-broken")).to_have_count(0)
    assert story.document(f"/labs/{story.lab}")["pulled"] == []


def replays_and_shares(story: Story, browser: Browser) -> None:
    page = story.page
    step = next(step for step in story.demo.steps if step.request)
    open_step(page.locator(f"#step-{step.id}")).get_by_role("link", name="Replay and inspect").click()
    sheet = page.get_by_role("dialog")
    slider = sheet.get_by_role("slider", name="Moment of the run")
    slider.press("Home")
    begun = slider.get_attribute("aria-valuetext")
    slider.press("End")
    assert slider.input_value() == "1"
    assert slider.get_attribute("aria-valuetext") != begun

    sheet.get_by_role("button", name="Share this run").click()
    link = sheet.locator(".run-share__link a").get_attribute("href", timeout=ANSWER)
    assert link is not None
    nothing_secret_is_shared(story, link, browser)
    sheet.get_by_role("button", name="Close").click()
    expect(sheet).to_have_count(0)


def nothing_secret_is_shared(story: Story, link: str, browser: Browser) -> None:
    stranger = browser.new_context()
    shown = stranger.new_page()
    shown.goto(link)
    expect(shown.locator("run-player.is-enhanced")).to_be_visible()
    expect(shown.get_by_role("main")).to_contain_text(f"A visitor ran {story.pattern.title}")
    shared = [shown.content(), httpx.get(f"{link}.json", timeout=30).text]
    owner = {cookie.get("value", "") for cookie in story.page.context.cookies()}
    for secret in {story.lab} | owner:
        assert secret
        assert not any(secret in text for text in shared)
    shown.get_by_role("button", name="Play", exact=True).click()
    expect(shown.locator("[data-node].is-lit").first).to_be_attached()
    stranger.close()


def deletes_it(story: Story) -> None:
    page = story.page
    page.get_by_role("button", name="Delete this lab").click()
    expect(page.locator("[data-status]")).to_contain_text("You have deleted this lab")
    assert httpx.get(f"{story.endpoint}/", timeout=30).status_code in {404, 410}


def uses_a_token_minted_on_the_page(story: Story, step: Locator) -> None:
    token = json.loads(step.locator(".answer-body").inner_text())["access_token"]
    editor = story.page.locator("form[data-editor]")
    show(story.page, "Request")
    editor.get_by_label("Path").fill("/prices")
    editor.get_by_label("Headers, one per line").fill(f"Authorization: Bearer {token}")
    editor.get_by_role("button", name="Send from this browser").click()
    expect(editor.locator("[data-answer] .answer-line")).to_contain_text("200")
    expect(editor.locator("[data-answer] .answer-body")).to_contain_text('"for": "ada"')


def is_sent_to_the_result(story: Story, step: Locator) -> None:
    expect(step.locator(".answer-line")).to_contain_text(re.compile(r"^303 in .* → \.\./proofs/[0-9a-f]{32}$"))


def sees_the_queue_rise_and_fall(story: Story, step: Locator) -> None:
    expect(step.locator(".answer-line")).to_contain_text("50 × 202")
    chart = story.page.locator(".chart", has_text="OrderQueue: messages waiting")
    assert int(chart.locator(".chart-top").inner_text()) >= 10
    expect(chart.locator(".chart-now")).to_have_text("0", timeout=STEP)


def sees_the_orders_wait(story: Story, _: Locator) -> None:
    assert story.held()["OrderQueue"] == "4 waiting"
    sees_what_queues_and_tables_hold(story)


def is_answered_eight_times(story: Story, step: Locator) -> None:
    expect(step.locator(".answer-line")).to_contain_text("8 × 201")


def finds_one_charge_of_the_eight(story: Story, step: Locator) -> None:
    assert json.loads(step.locator(".answer-body").inner_text())["count"] == 1


HIGH_POINTS: dict[tuple[str, str], Callable[[Story, Locator], None]] = {
    ("gateway-authorizer", "mint"): uses_a_token_minted_on_the_page,
    ("asynchronous-request-reply", "ask"): is_sent_to_the_result,
    ("idempotent-proxy", "rush"): is_answered_eight_times,
    ("idempotent-proxy", "count-rush"): finds_one_charge_of_the_eight,
    ("queue-based-load-leveling", "burst"): sees_the_queue_rise_and_fall,
    ("queue-based-load-leveling", "orders-wait"): sees_the_orders_wait,
}
"""What a visitor sees just after a step and looks at closely, by pattern and step."""
