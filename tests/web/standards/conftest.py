"""The real site and a real Chromium, as the browser's tests have them."""

from tests.web.browser.conftest import browser, site

__all__ = ["browser", "site"]
