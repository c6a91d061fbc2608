"""Every page is sound HTML with its landmarks and its metadata, and answers what was asked for."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client

from tests.patterns.support.example import write_pattern
from tests.patterns.support.html import Page, read_page

PAGES = [
    "/",
    "/patterns/",
    "/patterns/?level=100&helps=cost",
    "/patterns/?level=300",
    "/patterns/parcel-counter/",
    "/patterns/twin/",
    "/patterns/parcel-counter/source/template.yaml",
    "/patterns/parcel-counter/source/functions/web/app.py",
    "/search/",
    "/search/?q=parcel",
    "/search/?q=nothinghasthisword",
    "/about/",
]
RELATED = "[{pattern: twin, relation: combines with, how: The twin *waits* instead.}]"


@pytest.fixture(autouse=True)
def two_patterns(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    write_pattern(tmp_path, related=RELATED)
    write_pattern(tmp_path, "twin", title="Twin <Counter> & Co")


def get(client: Client, path: str) -> Page:
    response = client.get(path, headers={"accept": "text/html"})
    assert response.status_code == 200, response.content.decode()[:500]
    return read_page(response.content.decode())


@pytest.mark.parametrize("path", PAGES)
def test_every_element_is_closed_in_its_place_and_every_id_is_there_once(client: Client, path: str) -> None:
    assert get(client, path).faults == []


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_one_heading_a_canonical_address_and_a_description(client: Client, path: str) -> None:
    page = get(client, path)

    assert len(page.all("h1")) == 1
    (canonical,) = page.all("link", rel="canonical")
    assert canonical["href"] == settings.SITE_URL + path.partition("?")[0]
    (description,) = page.all("meta", name="description")
    assert len(description["content"]) > 20
    (title,) = page.texts["title"]
    assert title.endswith(settings.SITE_NAME) or title.startswith(settings.SITE_NAME)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_has_its_landmarks_and_a_way_past_them(client: Client, path: str) -> None:
    page = get(client, path)

    assert len(page.all("main", id="main")) == 1
    assert page.all("a", href="#main")
    navigations = [nav.get("aria-label") or nav.get("aria-labelledby") for nav in page.all("nav")]
    assert all(navigations)
    assert len(navigations) == len(set(navigations))


@pytest.mark.parametrize("path", PAGES)
def test_links_within_a_page_and_labels_lead_somewhere(client: Client, path: str) -> None:
    page = get(client, path)
    named = [
        id
        for _, attributes in page.elements
        for name in ("aria-labelledby", "aria-describedby", "for")
        for id in attributes.get(name, "").split()
    ]
    jumps = [link["href"][1:] for link in page.all("a") if link.get("href", "").startswith("#")]

    assert {id for id in (*named, *jumps) if id} <= set(page.ids)


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_loaded_from_elsewhere_and_no_script_blocks(client: Client, path: str) -> None:
    page = get(client, path)
    loaded = [link["href"] for link in page.all("link") if link["rel"] in {"stylesheet", "icon", "preload"}]
    scripts = page.all("script")
    loaded += [script["src"] for script in scripts if "src" in script]

    assert all(address.startswith("/static/") for address in loaded)
    assert [address for address in loaded if finders.find(address.removeprefix("/static/")) is None] == []
    # The theme is known before anything is painted, so one small script is waited for.
    waited_for = [script["src"] for script in scripts if "src" in script and script.get("type") != "module"]
    assert waited_for == ["/static/js/early.js"]


def test_reading_sets_no_cookie(client: Client) -> None:
    for path in PAGES:
        assert not client.get(path).cookies


def test_a_pattern_says_to_machines_what_it_is(client: Client) -> None:
    html = client.get("/patterns/twin/").content.decode()
    page = read_page(html)
    (article,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', html)

    assert json.loads(article)["headline"] == "Twin <Counter> & Co"
    assert "<" not in article
    (image,) = page.all("meta", property="og:image")
    assert image["content"] == f"{settings.SITE_URL}/patterns/twin/share.png"
    alternates = {link["type"]: link["href"] for link in page.all("link", rel="alternate")}
    assert alternates["text/markdown"] == "/patterns/twin.md"
    assert alternates["application/json"] == "/patterns/twin.json"
    assert alternates["application/atom+xml"] == "/feed.atom"


def test_a_pattern_shows_its_picture_its_files_and_its_neighbors(client: Client) -> None:
    page = get(client, "/patterns/parcel-counter/")
    links = {link["href"] for link in page.all("a") if "href" in link}

    assert page.all("g", **{"data-node": "WebFunction"})
    assert "/patterns/parcel-counter/project.zip" in links
    assert "/patterns/parcel-counter/source/functions/web/app.py" in links
    assert page.all("a", rel="next", href="/patterns/twin/")


def test_a_node_leads_to_the_lines_of_its_resource(client: Client) -> None:
    page = get(client, "/patterns/parcel-counter/")
    address = next(link["href"] for link in page.all("a") if link.get("aria-label", "").startswith("Web function,"))
    path, _, anchor = address.partition("#")
    source = client.get(path).content.decode()

    (line,) = re.findall(rf'<span class="line" id="{anchor}">(.*?)\n</span>', source)
    assert "WebFunction" in line


def test_a_source_file_is_also_plain_text(client: Client, tmp_path: Path) -> None:
    response = client.get("/patterns/twin/raw/functions/web/app.py")

    assert response["content-type"] == "text/plain; charset=utf-8"
    assert response.content == (tmp_path / "twin/functions/web/app.py").read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/patterns/no-such/",
        "/patterns/no-such/source/template.yaml",
        "/patterns/twin/source/no-such.py",
        "/patterns/twin/source/../parcel-counter/template.yaml",
        "/patterns/twin/source/%2e%2e/%2e%2e/etc/passwd",
        "/patterns/twin/source//etc/passwd",
        "/patterns/twin/source/functions",
    ],
)
def test_what_is_not_there_is_a_sound_page_with_a_search_box(client: Client, path: str) -> None:
    response = client.get(path, headers={"accept": "text/html"})
    page = read_page(response.content.decode())

    assert response.status_code == 404
    assert page.faults == []
    assert len(page.all("h1")) == 1
    assert page.all("input", type="search")


def test_a_search_keeps_what_was_typed_and_marks_what_was_found(client: Client) -> None:
    html = client.get("/search/", {"q": 'parcel "<b>'}).content.decode()
    (box,) = read_page(html).all("input", name="q")

    assert box["value"] == 'parcel "<b>'
    assert "<mark>parcel</mark>" in html


@pytest.mark.parametrize("query", ["\0", "x" * 5000, '"', "a AND", "*", "-"])
def test_no_search_is_too_strange(client: Client, query: str) -> None:
    assert client.get("/search/", {"q": query}).status_code == 200


def test_pages_only_read(client: Client) -> None:
    for path in PAGES:
        assert client.post(path).status_code == 405
        assert client.head(path).status_code == 200


def test_the_list_shows_what_the_filters_leave(client: Client, tmp_path: Path) -> None:
    all_of_it = client.get("/patterns/").content.decode()
    none_of_it = client.get("/patterns/?helps=resilience").content.decode()

    assert "2 of 2 patterns" in all_of_it
    assert "0 of 2 patterns" in none_of_it
    assert "No pattern matches all of these filters" in none_of_it


def test_a_chosen_filter_says_so_and_leads_back(client: Client) -> None:
    page = get(client, "/patterns/?helps=cost&level=100")
    chosen = {link["data-filter"]: link["href"] for link in page.all("a", **{"aria-current": "true"})}

    assert chosen == {
        "level-100": "/patterns/?helps=cost",
        "helps-cost": "/patterns/?level=100",
    }
