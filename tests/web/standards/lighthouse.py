"""Lighthouse's four scores on a phone, of a built site: the median of several runs of each page.

    python -m tests.web.standards.lighthouse [runs of each page]

The scores of performance need a machine that does nothing else.
"""

import json
import os
import re
import secrets
import shutil
import statistics
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.support.site import Site, free_port, running_site
from tests.support.waiting import await_true
from tests.web.standards.tools import program

RUNS = 3
PATTERN = "/patterns/queue-based-load-leveling/"
PAGES = {
    "/": 100,
    "/patterns/": 100,
    PATTERN: 100,
    "/patterns/function-as-a-web-service/": 100,
    "/patterns/gateway-proxy/": 100,
    f"{PATTERN}recorded/": 98,
}
"""The lowest score of performance by page. The other three are 100 on every page that search engines may list."""
COMPARISON = 98
OTHERS = ("accessibility", "best-practices", "seo")


def run(runs: int) -> int:
    """Print a line for each page; 1 if a score is below its bound, else 0."""
    lighthouse = program("lighthouse")
    environment = {
        "DEBUG": "0",
        "SECRET_KEY": secrets.token_urlsafe(40),
        "SITE_URL": "https://patterns.example",
        "SMTP_HOST": "127.0.0.1",
        "FROM_EMAIL": "Patterns <updates@patterns.example>",
    }
    below = 0
    with (
        TemporaryDirectory(prefix="lighthouse-") as folder,
        running_site(Path(folder), free_port(), **environment) as site,
    ):
        await_true(lambda: "content-encoding" in httpx.get(site.url, timeout=30).headers, 300)
        for path, least in PAGES.items() | {_comparison(site): COMPARISON}.items():
            reports = [_report(lighthouse, site.url + path) for _ in range(runs)]
            below += not _told(path, reports, least)
    return 1 if below else 0


def _comparison(site: Site) -> str:
    """The address of a comparison that is ready."""
    with httpx.Client(base_url=site.url, headers={"Accept": "text/html"}, timeout=60) as client:
        made = client.post("/labs/comparisons/", data={"pattern": PATTERN.split("/")[2]})
        # The cookie is for HTTPS only, and no proxy with TLS stands before this site.
        owner = {"Cookie": "; ".join(f"{cookie.name}={cookie.value}" for cookie in made.cookies.jar)}
        page = made.headers["Location"]
        await_true(lambda: f'action="{page}/run"' in client.get(page, headers=owner).text, 120)
    return page


def _report(lighthouse: str, url: str) -> Any:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        sys.exit("There is no Chromium (on Debian: apt install chromium).")
    flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
    done = subprocess.run(
        [lighthouse, url, "--quiet", "--output=json", "--output-path=stdout", flags],
        env=os.environ | {"CHROME_PATH": chromium},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def _told(path: str, reports: list[Any], least: int) -> bool:
    """Print the median scores, and what costs points in the last report. Whether they are within the bounds."""

    def score(category: str) -> int:
        return round(100 * statistics.median(report["categories"][category]["score"] or 0 for report in reports))

    listed = not path.startswith("/labs/")  # labs ask search engines not to list them
    others = {name: score(name) for name in OTHERS if listed or name != "seo"}
    good = score("performance") >= least and all(value == 100 for value in others.values())
    figures = ", ".join(f"{name} {value}" for name, value in ({"performance": score("performance")} | others).items())
    _say(f"{'ok   ' if good else 'BELOW'} {re.sub(r'/comparisons/.*', '/comparisons/…', path)}: {figures}")
    audits = reports[-1]["audits"].values()
    for audit in audits if not good else ():
        if audit["score"] is not None and audit["score"] < 1 and audit["scoreDisplayMode"] != "informative":
            _say(f"        {audit['id']}: {audit.get('displayValue') or audit['title']}")
    return good


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS))
