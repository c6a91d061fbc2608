"""What an assistant reads of the catalogue: patterns by problem, pages in parts, files, ledgers, costs."""

import difflib
import re
from typing import Any

from django.conf import settings
from django.utils.html import strip_tags
from mcp.server.mcpserver.exceptions import ToolError

from catalogue.labs.assistants.paging import page_of_items, page_of_text
from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.fidelity.ledgers import ledger_document
from catalogue.patterns.content.library import as_built
from catalogue.patterns.content.pattern import Pattern, UnknownPattern
from catalogue.patterns.costs.meter import MOST_PER_MONTH, read_meter
from catalogue.patterns.documents.prose.plain import as_markdown
from catalogue.patterns.runs.recorded import recorded_run
from catalogue.patterns.search.query import search

_FOUND = 5
_HEADING = re.compile(r"^## +(.+)$", re.MULTILINE)


def search_patterns(problem: str, page: int = 1) -> dict[str, Any]:
    """Patterns for a problem in words, best first."""
    results = list({result.pattern.slug: result for result in search(problem, limit=20)}.values())
    if not results:
        raise ToolError(
            f"No pattern fits {problem!r}. Describe what goes wrong in other words (lost, twice, slow, order), "
            "or name a service, such as SQS. list_patterns shows all."
        )
    found = page_of_items(results, page, _FOUND)
    return found | {
        "items": [_listed(result.pattern) | {"passage": strip_tags(result.passage)} for result in found["items"]]
    }


def list_patterns(page: int = 1) -> dict[str, Any]:
    """All patterns by level, then title."""
    found = page_of_items(list(as_built().by_slug.values()), page)
    return found | {"items": [_listed(card) for card in found["items"]]}


def _listed(pattern: Listed) -> dict[str, Any]:
    return {
        "pattern": pattern.slug,
        "title": pattern.title,
        "level": pattern.level,
        "question": pattern.front.question,
        "answer": pattern.front.answer,
        "services": [service.name for service in pattern.services],
    }


def read_pattern(pattern: str, part: str = "", page: int = 1) -> dict[str, Any]:
    """Without a part: what the pattern is, and which parts, steps and levers it has. With one: that part's text."""
    found = whole(pattern)
    parts = _parts(found)
    if not part:
        demo = found.demo
        return _listed(found) | {
            "page": settings.SITE_URL + found.url,
            "parts": {title: len(text) for title, text in parts.items()},
            "steps": {step.id: step.title for step in demo.steps} if demo else {},
            "levers": {lever.id: lever.title for lever in demo.levers} if demo else {},
            "files": len(found.files),
            "can_be_compared": found.compare is not None,
            "next": "Call read_pattern again with one of `parts`, or run_pattern to deploy it.",
        }
    title = next((title for title in parts if title.casefold() == part.strip().casefold()), None)
    if title is None:
        raise ToolError(f"{found.title} has no part {part!r}. Its parts are: {'; '.join(parts)}.")
    return {"pattern": found.slug, "part": title} | page_of_text(parts[title], page)


def list_files(pattern: str) -> dict[str, Any]:
    """The files of a pattern: template, handlers, tests."""
    found = whole(pattern)
    return {"pattern": found.slug, "files": {file.path: len(file.text) for file in found.files}}


def read_file(pattern: str, path: str, page: int = 1) -> dict[str, Any]:
    """One file of a pattern, as it is deployed."""
    found = whole(pattern)
    file = next((file for file in found.files if file.path == path), None)
    if file is None:
        near = difflib.get_close_matches(path, [file.path for file in found.files], 3, 0.3)
        raise ToolError(f"{found.title} has no file {path!r}. {_perhaps(near)} list_files names all.")
    return {"pattern": found.slug, "path": path} | page_of_text(file.text, page)


def read_ledger(pattern: str, only_differences: bool = True, page: int = 1) -> dict[str, Any]:
    """How faithful a pattern's lab is: what AWS documents, what the embedded AWS did, what differs."""
    found = whole(pattern)
    if found.ledger is None:
        raise ToolError(f"{found.title} keeps no ledger yet.")
    rows = ledger_document(found, settings.SITE_URL).rows
    shown = [row for row in rows if row.difference or not only_differences]
    listed = page_of_items(shown, page, _FOUND)
    items = [row.model_dump(mode="json", exclude={"proof"}) for row in listed["items"]]
    return {"pattern": found.slug, "rows": len(rows)} | listed | {"items": items}


def estimate_cost(pattern: str, requests_per_month: int = 1_000_000, free_tier: bool = False) -> dict[str, Any]:
    """What a month of a pattern's recorded requests costs at AWS's list prices, line by line."""
    found = whole(pattern)
    run = recorded_run(found)
    if run is None:
        raise ToolError(f"{found.title} has no recorded run to count from. Run it, take its steps, then read the bill.")
    if not 0 <= requests_per_month <= MOST_PER_MONTH:
        raise ToolError(f"requests_per_month must be between 0 and {MOST_PER_MONTH:,}.")
    document = read_meter(run, found.template, requests_per_month, free_tier=free_tier).document()
    month = document["month"]
    return {
        "pattern": found.slug,
        "region": document["region"],
        "currency": document["currency"],
        "requests_per_month": requests_per_month,
        "usd_a_month": month["usd"],
        "lines": [
            {name: line[name] for name in ("service", "what", "usd", "formula", "source")} for line in month["lines"]
        ],
        "notes": month["notes"],
        "counted_from": "the recorded run of the whole demo, with its faults; a lab of your own has its own bill",
    }


def whole(slug: str) -> Pattern:
    """A published pattern. Raises ToolError with the nearest names."""
    try:
        return as_built().get(slug.strip().strip("/"))
    except UnknownPattern:
        near = difflib.get_close_matches(slug, as_built().by_slug, 3, 0.4)
        raise ToolError(
            f"There is no pattern {slug[:80]!r}. {_perhaps(near)} search_patterns finds patterns by a problem in words."
        ) from None


def _perhaps(near: list[str]) -> str:
    return f"Near it: {', '.join(near)}." if near else "None has a similar name."


def _parts(pattern: Pattern) -> dict[str, str]:
    """Sections of the page's Markdown by title."""
    pieces = _HEADING.split(as_markdown(pattern, settings.SITE_URL))
    return {"Overview": pieces[0].strip()} | {
        title.strip(): text.strip() for title, text in zip(pieces[1::2], pieces[2::2], strict=True)
    }
