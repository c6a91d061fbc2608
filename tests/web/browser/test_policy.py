"""Every kind of page works under the site's Content-Security-Policy: the browser has nothing to report.

Pages of labs, runs and comparisons are visited by the other browser tests, which fail at any error in the console.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page

from tests.support.site import ROOT, Site
from tests.web.browser.conftest import PATIENCE

PATTERN = "/patterns/queue-based-load-leveling/"
PAGES = [
    *("/", "/patterns/", "/about/", "/search/?q=queue", "/fidelity/", "/nowhere", "/labs/none/", "/runs/none/"),
    *("/draw/", "/schemas/"),
    *(PATTERN, f"{PATTERN}ledger/", f"{PATTERN}recorded/", f"{PATTERN}source/template.yaml", f"{PATTERN}diagram.svg"),
    *("/newsletter/", "/newsletter/check-mailbox", "/newsletter/preferences/none", "/mailbox/"),
    *("/openapi.json", "/feed.atom", "/patterns.json", "/llms.txt", "/static/icons/favicon.svg"),
    "/" + "x" * 9000,  # refused by the web server itself
]
ADMIN = [
    *("/admin/", "/admin/auth/user/", "/admin/auth/user/add/", "/admin/newsletter/", "/admin/newsletter/update/"),
    *("/admin/newsletter/subscriber/", "/admin/newsletter/delivery/", "/admin/password_change/"),
]
LISTEN = (
    """addEventListener("securitypolicyviolation", event => report(`${event.violatedDirective} ${event.blockedURI}`))"""
)

pytestmark = pytest.mark.browser


@contextmanager
def watched(browser: Browser, site: Site) -> Iterator[tuple[Page, list[str]]]:
    """A fresh visitor's page, and what its policy has blocked."""
    blocked: list[str] = []
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.expose_function("report", lambda said: blocked.append(f"{page.url}: {said}"))
    page.add_init_script(LISTEN)
    page.on("pageerror", lambda error: blocked.append(f"{page.url}: {error}"))
    page.on(
        "console",
        lambda message: blocked.append(message.text) if "Content Security Policy" in message.text else None,
    )
    yield page, blocked
    context.close()


def test_an_inline_script_or_style_would_be_reported(browser: Browser, site: Site) -> None:
    with watched(browser, site) as (page, blocked):
        page.goto("/about/")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
        page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: '1'}))")
        wanted, reported = {"style-src-attr", "script-src-elem"}, set[str]()
        for _ in range(PATIENCE // 100):  # each report is a call of the page's to this process
            reported = {report.split()[1] for report in blocked if report.startswith("http")}
            if reported >= wanted:
                break
            page.wait_for_timeout(100)
        assert reported >= wanted, blocked


def test_no_page_needs_what_the_policy_forbids(browser: Browser, site: Site) -> None:
    with watched(browser, site) as (page, blocked):
        for path in PAGES:
            answer = page.goto(path)
            assert answer is not None
            assert answer.header_value("content-security-policy"), path
            if (answer.header_value("content-type") or "").startswith("text/html"):
                assert answer.header_value("permissions-policy"), path
                assert answer.header_value("cross-origin-opener-policy") == "same-origin", path
        assert not blocked, "\n".join(blocked)


def test_a_mail_is_shown_in_its_frame_with_its_own_styles(browser: Browser, site: Site) -> None:
    with watched(browser, site) as (page, blocked):
        page.goto("/newsletter/")
        page.locator("form[action$=subscribe] input[type=email]").first.fill("ada@example.org")
        page.locator("form[action$=subscribe] button").first.click()
        page.wait_for_url("**/check-mailbox")
        page.goto("/mailbox/")
        while not page.get_by_role("link", name="Confirm").count():
            page.wait_for_timeout(200)
            page.reload()
        page.get_by_role("link", name="Confirm").first.click()
        press = page.frame_locator("iframe").locator("a.press")
        assert press.evaluate("link => getComputedStyle(link).display") == "inline-block"
        assert [report for report in blocked if "script" not in report] == []


def test_the_admin_works_under_the_policy(browser: Browser, site: Site) -> None:
    environment = {**os.environ, "VAR_DIR": str(site.var), "DJANGO_SUPERUSER_PASSWORD": "open sesame 42"}
    command = [*("manage.py", "createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org")]
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, timeout=120)
    with watched(browser, site) as (page, blocked):
        page.goto("/admin/")
        page.fill("[name=username]", "ada")
        page.fill("[name=password]", "open sesame 42")
        page.click("[type=submit]")
        for path in ADMIN:
            page.goto(path)
            assert "/login/" not in page.url
        page.goto("/admin/newsletter/update/")
        page.locator("#result_list tbody th a").first.click()
        assert page.locator(".newsletter-update").evaluate("update => getComputedStyle(update).display") == "grid"
        page.get_by_role("link", name="Preview").click()
        frame = page.frame_locator("iframe.newsletter-frame").locator("body")
        assert frame.evaluate("body => getComputedStyle(body).margin") == "0px"
        assert not blocked, "\n".join(blocked)
