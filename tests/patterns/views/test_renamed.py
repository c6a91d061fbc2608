"""Addresses that a pattern had under an earlier slug: they redirect for good, and its feed entry stays the same one."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from catalogue.pages.builds.addresses import addresses
from catalogue.patterns.content.library import library
from tests.patterns.support.example import change, write_pattern

ATOM = "{http://www.w3.org/2005/Atom}"
PRESENT = "/patterns/parcel-counter"


@pytest.fixture(autouse=True)
def renamed(tmp_path: Path, settings: Any) -> Path:
    """`parcel-counter`, which was `parcel-desk` before and `parcel-window` at first."""
    settings.CONTENT_DIR, settings.VAR_DIR = tmp_path / "content", tmp_path / "var"
    settings.SITE_URL = "https://patterns.example"
    folder = write_pattern(settings.CONTENT_DIR)
    change(folder / "pattern.md", "draft: false", "draft: false\naliases: [parcel-window, parcel-desk]")
    return folder


def test_every_address_of_the_pattern_redirects_from_every_earlier_slug() -> None:
    paths = {one.path for one in addresses(library().by_slug) if one.pattern == "parcel-counter"}
    assert len(paths) > 15
    for path in [*paths, f"{PRESENT}/ledger/", f"{PRESENT}/ledger.json", f"{PRESENT}/recorded/"]:
        for alias in ("parcel-window", "parcel-desk"):
            old = path.replace("parcel-counter", alias)
            response = Client().get(old)
            assert (response.status_code, response["Location"]) == (301, path), old
            assert response["Access-Control-Allow-Origin"] == "*"
            assert "public" in response["Cache-Control"]


def test_the_query_goes_along_and_only_reading_redirects() -> None:
    response = Client().get("/patterns/parcel-desk/recorded/?part=views&x=%C3%A4")
    assert response["Location"] == f"{PRESENT}/recorded/?part=views&x=%C3%A4"
    assert Client().head("/patterns/parcel-desk/").status_code == 301
    assert Client().post("/patterns/parcel-desk/").status_code == 405
    assert Client().get("/patterns/parcel-dask/").status_code == 404


def test_the_feeds_entry_keeps_the_id_of_the_first_slug() -> None:
    entry = ElementTree.fromstring(Client().get("/feed.atom").content).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}id") == "https://patterns.example/patterns/parcel-window/#revision-2"
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.get("href") == "https://patterns.example/patterns/parcel-counter/"


def test_lists_and_the_sitemap_know_the_present_slug_only() -> None:
    for path in ("/patterns.json", "/sitemap.xml", "/llms.txt", "/"):
        text = Client().get(path).content.decode()
        assert "parcel-counter" in text
        assert "parcel-window" not in text


def test_a_pattern_that_takes_the_slug_over_has_the_address(settings: Any) -> None:
    write_pattern(settings.CONTENT_DIR, "parcel-desk", title="Parcel Desk")
    assert Client().get("/patterns/parcel-desk/").status_code == 200
    assert library().get("parcel-desk").title == "Parcel Desk"


def test_programs_that_name_the_earlier_slug_get_the_pattern() -> None:
    assert library().get("parcel-desk").slug == "parcel-counter"
    assert library().names("parcel-window") == ("parcel-counter", "parcel-window", "parcel-desk")
    assert library().names("never-heard-of") == ("never-heard-of",)
