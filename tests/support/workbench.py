"""How tests use the workbench of a pattern's page: its steps, one of which is open, and its tabs."""

from playwright.sync_api import Locator, Page


def open_step(item: Locator) -> Locator:
    """The same step, open."""
    if item.locator("details").first.get_attribute("open") is None:
        item.locator("summary").first.click()
    return item


def show(page: Page, view: str) -> None:
    """Show one of the tabs: Now, Queue, Request or Cost."""
    page.get_by_role("tablist", name="What happens in the lab").get_by_role("tab", name=view).click()
