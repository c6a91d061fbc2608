"""Lighthouse's four scores of the home page and a pattern's, mobile profile, median of three runs."""

import asyncio
import json
import os
import shutil
import statistics
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_site import BenchSite
from tests.bench.figures import Figure, skip

PEER = "lighthouse@12.8.2"
RUNS = 3
PAGES = {"home": "/", "a pattern": "/patterns/queue-based-load-leveling/"}
CATEGORIES = {
    "performance": "performance",
    "accessibility": "accessibility",
    "best-practices": "best practices",
    "seo": "search engines",
}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


async def measure(site: BenchSite) -> AsyncIterator[Figure]:
    with TemporaryDirectory(prefix="bench-lighthouse-") as folder:
        reason = await asyncio.to_thread(_install, Path(folder))
        for page, path in PAGES.items():
            runs = [] if reason else [await asyncio.to_thread(_run, Path(folder), site.url + path) for _ in range(RUNS)]
            for category, words in CATEGORIES.items():
                name = f"Lighthouse, {page}: {words}"
                if reason:
                    yield skip(name, reason, "at least", 100)
                    continue
                scores = [run[category] for run in runs if run]
                score = statistics.median(scores) if scores else 0
                yield Figure(name, score, "", len(scores), RUNS - len(scores), "at least", 100)


def _install(folder: Path) -> str:
    """Install Lighthouse into the folder; why that cannot be done, or nothing."""
    if CHROMIUM is None:
        return "there is no Chromium (on Debian: apt install chromium)"
    if shutil.which("npm") is None:
        return "npm is not installed"
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), PEER]
    done = subprocess.run(command, capture_output=True, text=True)
    return f"{PEER} cannot be installed: {done.stderr.strip()[-200:]}" if done.returncode else ""


def _run(folder: Path, url: str) -> dict[str, float]:
    """Scores from 0 to 100 by category; nothing if the page could not be examined."""
    program = str(folder / "node_modules" / ".bin" / "lighthouse")
    flags = "--chrome-flags=--headless=new --no-sandbox --disable-gpu"
    done = subprocess.run(
        [program, url, "--quiet", "--output=json", "--output-path=stdout", flags],
        env=os.environ | {"CHROME_PATH": str(CHROMIUM)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        return {}
    report = json.loads(done.stdout)
    if report.get("runtimeError"):
        return {}
    return {name: round((report["categories"][name]["score"] or 0) * 100) for name in CATEGORIES}
