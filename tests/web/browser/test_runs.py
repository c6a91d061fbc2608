"""A run is replayed and inspected in a real browser: from a step, from a call of one's own, by keyboard, on a phone."""

import re

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.site import Site
from tests.support.workbench import open_step
from tests.web.browser.conftest import complaint

pytestmark = [pytest.mark.browser, pytest.mark.lab]

WAIT = 40_000


def run_it(page: Page, slug: str = "function-as-a-web-service") -> str:
    page.goto(f"/patterns/{slug}/")
    page.get_by_role("button", name="Run it", exact=True).click()
    expect(page.locator("[data-status]")).to_contain_text("ready", timeout=WAIT)
    return page.locator("[data-endpoint]").inner_text()


def take(page: Page, step: str) -> Locator:
    item = page.locator(f"#step-{step}")
    open_step(item).get_by_role("button", name=re.compile("^(Send|Run)")).click()
    expect(item.locator(".step-replay")).to_be_visible(timeout=WAIT)
    return item


def replay(page: Page, step: str = "first-call") -> Locator:
    take(page, step).get_by_role("link", name="Replay and inspect").click()
    sheet = page.get_by_role("dialog")
    expect(sheet.locator("run-player.is-enhanced")).to_be_visible(timeout=WAIT)
    return sheet


def scrubber(sheet: Locator) -> Locator:
    return sheet.get_by_role("slider", name="Moment of the run")


def picture(sheet: Locator) -> Locator:
    return sheet.locator(".diagram__picture--wide")


def lit(sheet: Locator) -> set[str]:
    """The nodes that are lit now."""
    nodes = picture(sheet).locator(".node.is-lit").evaluate_all("nodes => nodes.map(node => node.dataset.node)")
    return set(nodes)


def sees_lit(page: Page, sheet: Locator, nodes: set[str]) -> None:
    """The diagram is painted after the key was handled."""
    for _ in range(WAIT // 100):
        if lit(sheet) == nodes:
            return
        page.wait_for_timeout(100)
    assert lit(sheet) == nodes


def step_until(page: Page, sheet: Locator, text: str) -> None:
    """Go to the next events by keyboard until one is told so."""
    slider = scrubber(sheet)
    slider.focus()
    page.keyboard.press("Home")
    for _ in range(60):
        if text in (slider.get_attribute("aria-valuetext") or ""):
            return
        page.keyboard.press("ArrowRight")
    raise AssertionError(f"{text!r} was never said")


def test_a_step_is_replayed_by_keyboard_with_the_diagram_as_of_the_moment(page: Page) -> None:
    run_it(page)
    sheet = replay(page)
    picked = picture(sheet)

    step_until(page, sheet, "Caller sends GET /zones")
    sees_lit(page, sheet, {"ParcelApi"})
    expect(picked.locator(".edge.is-lit [data-edge='Caller>ParcelApi']")).to_have_count(1)
    expect(picked.locator("[data-count=ParcelApi]")).to_have_text("1 request")
    expect(picked.locator("[data-count=QuoteFunction]")).to_have_text("")

    step_until(page, sheet, "Parcel API invokes Quote function")
    sees_lit(page, sheet, {"ParcelApi", "QuoteFunction"})
    expect(picked.locator("[data-count=QuoteFunction]")).to_have_text("1 run")
    expect(sheet.locator("[data-view=story] [aria-current=step]")).to_contain_text("invokes Quote function")

    page.keyboard.press("End")
    expect(scrubber(sheet)).to_have_attribute("aria-valuetext", re.compile("answers 200"))
    expect(picked.locator(".node.is-lit[data-node=QuoteFunction]")).to_have_count(0)

    page.keyboard.press("Home")
    expect(picked.locator("[data-count=QuoteFunction]")).to_have_text("")


def test_the_views_are_tabs_that_arrow_keys_move_between(page: Page) -> None:
    run_it(page)
    sheet = replay(page)

    sheet.get_by_role("tab", name="Story").focus()
    for name, seen in {
        "Sequence": ".seq [data-life=QuoteFunction]",
        "Waterfall": ".fall .bar--cold",
        "Events": ".run-raw",
        "Cost": ".receipt__total",
    }.items():
        page.keyboard.press("ArrowRight")
        expect(sheet.get_by_role("tab", name=name)).to_be_focused()
        expect(sheet.get_by_role("tab", selected=True)).to_have_text(name)
        expect(sheet.get_by_role("tabpanel")).to_have_count(1)
        expect(sheet.locator(seen).first).to_be_visible()

    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    expect(page.locator("#step-first-call .step-replay")).to_be_focused()


def test_a_call_from_another_terminal_lights_the_open_page_and_can_be_inspected(page: Page) -> None:
    endpoint = run_it(page)
    page.evaluate(
        """() => { window.seen = []; new MutationObserver((changes) => changes.forEach(({target}) => {
            if (!target.classList.contains("is-lit")) return;
            seen.push(target.dataset.node ?? target.querySelector("[data-edge]").dataset.edge);
        })).observe(document.querySelector("#diagram .diagram__picture--wide"),
            {subtree: true, attributeFilter: ["class"]}); }"""
    )
    httpx.get(f"{endpoint}/zones", timeout=30)

    counted = page.locator("#diagram .diagram__picture--wide [data-count=QuoteFunction]")
    expect(counted).to_have_text("1 run", timeout=WAIT)
    page.wait_for_function("new Set(seen).size >= 4", timeout=WAIT)
    order = list(dict.fromkeys(page.evaluate("seen")))
    assert order == ["Caller>ParcelApi", "ParcelApi", "ParcelApi>QuoteFunction", "QuoteFunction"]
    expect(page.locator("[data-speaker]")).to_contain_text("GET /zones was answered 200")

    page.get_by_role("log").get_by_role("button", name="Inspect GET /zones").click()
    sheet = page.get_by_role("dialog", name="One call, inspected")
    expect(sheet.locator("[data-view=story]")).to_contain_text("Parcel API invokes Quote function", timeout=WAIT)


def test_a_burst_is_not_read_out_call_by_call(page: Page) -> None:
    run_it(page, "queue-based-load-leveling")
    page.evaluate(
        """() => { window.said = []; new MutationObserver(() => said.push(
            document.querySelector("[data-speaker]").textContent)).observe(
            document.querySelector("[data-speaker]"), {childList: true, characterData: true, subtree: true}); }"""
    )
    take(page, "burst")

    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
    page.wait_for_function("said.join(' ').includes('more requests answered 202')", timeout=WAIT)
    said = page.evaluate("said")
    assert len(said) < page.locator(".trace-request").count() / 2


def test_a_run_is_shared_by_a_link_that_replays_it(page: Page) -> None:
    run_it(page)
    sheet = replay(page)
    sheet.get_by_role("button", name="Share this run").click()
    link = sheet.locator(".run-share__link a")
    expect(link).to_have_attribute("href", re.compile(r"/runs/[\w-]{16,}$"), timeout=WAIT)
    expect(sheet.locator(".run-share time")).to_have_text(re.compile(r"^\d+ \w+ 20\d\d$"))

    page.goto(link.get_attribute("href") or "")
    expect(page.locator("run-player.is-enhanced")).to_be_visible()
    page.get_by_role("button", name="Next event").click()
    expect(page.locator(".run-said")).not_to_be_empty()


def test_nothing_on_a_shared_runs_page_moves_when_its_player_comes(page: Page, browser: Browser) -> None:
    run_it(page)
    sheet = replay(page)
    sheet.get_by_role("button", name="Share this run").click()
    link = sheet.locator(".run-share__link a").get_attribute("href", timeout=WAIT) or ""
    for width, height in ((320, 640), (768, 1024), (1440, 900)):
        context = browser.new_context(viewport={"width": width, "height": height})
        shown = context.new_page()
        shown.add_init_script(
            """window.shifted = []; new PerformanceObserver(list => list.getEntries().forEach(entry =>
            shifted.push(entry.value))).observe({type: "layout-shift", buffered: true});"""
        )
        shown.goto(link)
        expect(shown.locator("run-player.is-enhanced .run-tabs")).to_be_visible(timeout=WAIT)
        shown.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert sum(shown.evaluate("shifted")) == 0, width
        context.close()


def test_reduced_motion_moves_nothing_by_itself_and_steps_all_the_same(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(WAIT)
    run_it(page)
    sheet = replay(page)

    expect(sheet.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert scrubber(sheet).input_value() == "0"
    step_until(page, sheet, "Parcel API invokes Quote function")
    sees_lit(page, sheet, {"ParcelApi", "QuoteFunction"})
    assert page.locator(".traveller").count() == 0
    context.close()


def test_a_phone_shows_all_of_it_without_scrolling_sideways(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, viewport={"width": 320, "height": 640}, has_touch=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.extend(complaint(message)))
    run_it(page)
    sheet = replay(page)

    for tab in sheet.get_by_role("tab").all():
        tab.click()
        assert sheet.evaluate("sheet => sheet.scrollWidth <= sheet.clientWidth"), tab.inner_text()
    for control in ("Play", "Pause", "Previous event", "Next event"):
        found = sheet.get_by_role("button", name=control, exact=True)
        if found.count():
            box = found.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320
    assert complaints == []
    context.close()


def test_without_javascript_the_views_stand_one_after_the_other(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, java_script_enabled=False)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    page.goto("/patterns/function-as-a-web-service/")
    page.get_by_role("button", name="Run it", exact=True).click()
    page.wait_for_url("**/labs/*")
    page.locator("#step-first-call").get_by_role("button", name=re.compile("^Send")).click()
    page.get_by_role("link", name="See what happened, event by event").click()

    for name in ("Story", "Sequence", "Waterfall", "Events", "Cost"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.locator("[data-view=story]")).to_contain_text("Parcel API invokes Quote function")
    page.get_by_role("button", name="Share this run").click()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("main")).to_contain_text("shared what happened")
    context.close()
