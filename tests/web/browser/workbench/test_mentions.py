"""Text and diagram point at one another, by pointer and by keyboard, on a page at rest."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.waiting import await_true

pytestmark = pytest.mark.browser

MARKED = """() => {
    const ranges = [...(CSS.highlights.get("mention") ?? [])];
    return [...new Set(ranges.map((range) => range.toString().toLowerCase()))];
}"""
PICTURE = "#diagram .diagram__picture--wide"


def visit(page: Page) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/patterns/queue-based-load-leveling/")
    page.mouse.move(1, 1)


def point_at(page: Page, place: Locator) -> None:
    box = place.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 12, box["y"] + 12)


def test_a_box_shows_where_the_text_mentions_it(page: Page) -> None:
    visit(page)

    def shown() -> bool:
        point_at(page, page.locator(f"{PICTURE} [data-node=WorkerFunction]"))
        return set(page.evaluate(MARKED)) == {"worker", "workerfunction"}

    await_true(shown, 60)
    expect(page.locator(f"{PICTURE} .is-mentioned")).to_have_attribute("data-node", "WorkerFunction")
    page.mouse.move(1, 1)
    await_true(lambda: page.evaluate(MARKED) == [], 60)
    expect(page.locator(".is-mentioned")).to_have_count(0)


def test_a_word_of_the_text_shows_its_box(page: Page) -> None:
    visit(page)
    recorded = page.locator(".lab-step .recorded").first
    recorded.scroll_into_view_if_needed()
    where = """one => {
        const text = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
        while (text.nextNode() && !text.currentNode.data.includes("OrdersTable"));
        const range = new Range();
        range.setStart(text.currentNode, text.currentNode.data.indexOf("OrdersTable"));
        range.setEnd(text.currentNode, range.startOffset + "OrdersTable".length);
        const {x, y, width, height} = range.getBoundingClientRect();
        return [x + width / 2, y + height / 2];
    }"""

    def shown() -> bool:
        x, y = recorded.evaluate(where)
        page.mouse.move(x, y)
        return page.locator(f"{PICTURE} .is-mentioned[data-node=OrdersTable]").count() == 1

    await_true(shown, 60)


def test_the_keyboard_reaches_the_same(page: Page) -> None:
    visit(page)
    page.locator(f"{PICTURE} [data-node=OrderQueue] a").focus()
    await_true(lambda: "order queue" in page.evaluate(MARKED) or "orderqueue" in page.evaluate(MARKED), 60)
    expect(page.locator(f"{PICTURE} .is-mentioned")).to_have_attribute("data-node", "OrderQueue")
