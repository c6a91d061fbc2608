"""The catalogue as files, over HTTP: formats, schemas, conditional requests, refusals."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import resolve, reverse
from jsonschema import Draft202012Validator
from PIL import Image

from catalogue.patterns.content.library import library
from tests.patterns.support.example import write_pattern

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
RELATED = "[{pattern: twin, relation: combines with, how: The twin waits instead.}]"
FILES = [
    "/patterns.json",
    "/openapi.json",
    "/feed.atom",
    "/sitemap.xml",
    "/robots.txt",
    "/llms.txt",
    "/patterns/parcel-counter.md",
    "/patterns/parcel-counter.json",
    "/patterns/parcel-counter/project.zip",
    "/patterns/parcel-counter/diagram.svg",
    "/patterns/parcel-counter/diagram.png",
    "/patterns/parcel-counter/share.png",
]


@pytest.fixture(autouse=True)
def content(tmp_path: Path, settings: Any) -> Path:
    settings.CONTENT_DIR = tmp_path / "content"
    settings.VAR_DIR = tmp_path / "var"
    settings.SITE_URL = "https://patterns.example"
    write_pattern(settings.CONTENT_DIR, related=RELATED)
    write_pattern(settings.CONTENT_DIR, "twin", title="Twin Counter")
    write_pattern(settings.CONTENT_DIR, "unripe", title="Unripe Counter", draft=True)
    return tmp_path / "content"


def schema(client: Client, model: str) -> Draft202012Validator:
    document = client.get("/openapi.json").json()
    whole = {"$ref": f"#/components/schemas/{model}", "components": document["components"]}
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.mark.parametrize("address", FILES)
def test_every_file_is_public_and_answers_conditional_requests(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response["Cache-Control"].startswith("public, max-age=")
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
    etag = response["ETag"]
    assert not etag.startswith("W/")

    unchanged = client.get(address, headers={"if-none-match": etag})
    assert (unchanged.status_code, unchanged.content, unchanged["ETag"]) == (304, b"", etag)
    assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200

    head = client.head(address)
    assert (head.status_code, head["ETag"], head["Content-Type"]) == (200, etag, response["Content-Type"])


@pytest.mark.parametrize("address", FILES)
def test_no_file_takes_another_method(client: Client, address: str) -> None:
    response = client.post(address, headers={"accept": "application/json"})

    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD"
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("slug", ["nowhere", "unripe"])
@pytest.mark.parametrize("name", ["markdown", "pattern_json", "project", "diagram", "share"])
def test_an_unknown_pattern_or_a_draft_is_a_404(client: Client, name: str, slug: str) -> None:
    response = client.get(reverse(f"patterns:{name}", args=[slug]), headers={"accept": "application/json"})

    assert response.status_code == 404
    assert slug in response.json()["detail"]


def test_a_404_suggests_the_pattern_of_the_nearest_name(client: Client) -> None:
    response = client.get("/patterns/parcel-countr.json")

    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["suggestions"][0] == {
        "title": "Parcel Counter",
        "url": "/patterns/parcel-counter/",
    }


def test_with_debug_an_edit_is_seen_at_once(client: Client, settings: Any, content: Path) -> None:
    settings.DEBUG = True
    first = client.get("/patterns/twin.md")
    assert first["Cache-Control"] == "no-cache"
    page = content / "twin" / "pattern.md"
    page.write_text(page.read_text().replace("A courier waits", "A courier sits"))

    second = client.get("/patterns/twin.md", headers={"if-none-match": first["ETag"]})

    assert b"A courier sits" in second.content


def test_the_list_and_each_pattern_fit_their_schemas(client: Client) -> None:
    listed = client.get("/patterns.json").json()
    schema(client, "PatternList").validate(listed)
    assert [pattern["slug"] for pattern in listed["patterns"]] == ["parcel-counter", "twin"]

    document = client.get("/patterns/parcel-counter.json").json()
    schema(client, "PatternDocument").validate(document)
    assert document["services"] == [
        {"key": "lambda", "name": "AWS Lambda"},
        {"key": "api-gateway", "name": "Amazon API Gateway"},
    ]
    assert document["diagram"]["nodes"][1] == {
        "id": "Api",
        "label": "REST API",
        "actor": None,
        "type": "AWS::ApiGateway::RestApi",
    }
    assert document["related"][0]["url"] == "https://patterns.example/patterns/twin/"
    assert document["costs"][1]["usd"] == "0.20"
    assert document["runnable"] is True


def test_every_address_in_a_document_leads_to_a_page_of_the_site(client: Client) -> None:
    document = client.get("/patterns/parcel-counter.json").json()
    addresses = [document[name] for name in document if name.endswith("url") and document[name]]
    addresses += [file["url"] for file in document["files"]] + [document["diagram"]["svg_url"]]

    for address in addresses:
        path = address.removeprefix("https://patterns.example")
        assert client.get(path).status_code == 200, address


def test_a_refusal_fits_its_schema(client: Client) -> None:
    schema(client, "Problem").validate(client.get("/patterns/nowhere.json").json())


def test_every_described_path_exists(client: Client) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": "https://patterns.example"}]
    known = {"slug": "twin", "path": "template.yaml", "id": "l" * 22, "run_id": "r" * 22, "token": "t" * 22}
    known |= {"step_id": "say-hello", "lever_id": "break-it"}
    known |= {"challenge_id": "one-dead-letter", "slider_id": "workers", "resource": "Queue"}
    for path in document["paths"]:
        example = path.format_map(known)
        assert resolve(example).url_name, path


def test_every_reference_of_the_description_resolves(client: Client) -> None:
    text = client.get("/openapi.json").content.decode()
    document = json.loads(text)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        place = document
        for key in reference.split("/"):
            place = place[key]


def test_markdown_is_text_that_reads_whole(client: Client) -> None:
    response = client.get("/patterns/parcel-counter.md")

    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert "[Twin Counter](https://patterns.example/patterns/twin/)" in response.content.decode()


def test_the_project_is_a_download(client: Client) -> None:
    response = client.get("/patterns/parcel-counter/project.zip")

    assert response["Content-Disposition"] == 'attachment; filename="parcel-counter.zip"'
    assert zipfile.ZipFile(io.BytesIO(response.content)).testzip() is None
    assert client.get("/patterns/parcel-counter/project.zip").content == response.content


def test_the_diagram_is_well_formed_and_harmless_on_its_own(client: Client) -> None:
    response = client.get("/patterns/parcel-counter/diagram.svg")

    assert response["Content-Type"] == "image/svg+xml"
    assert "default-src 'none'" in response["Content-Security-Policy"]
    assert ElementTree.fromstring(response.content).tag == "{http://www.w3.org/2000/svg}svg"


def test_the_share_image_has_the_size_that_sites_ask_for(client: Client) -> None:
    image = Image.open(io.BytesIO(client.get("/patterns/parcel-counter/share.png").content))

    assert (image.format, image.size) == ("PNG", (1200, 630))


def test_the_diagram_for_mails_is_as_wide_as_a_letter_needs(client: Client) -> None:
    image = Image.open(io.BytesIO(client.get("/patterns/parcel-counter/diagram.png").content))

    assert (image.format, image.width) == ("PNG", 952)


def test_the_feed_is_atom_with_an_entry_for_each_revision(client: Client) -> None:
    response = client.get("/feed.atom")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ElementTree.fromstring(response.content)

    def text(element: ElementTree.Element, name: str) -> str:
        found = element.findtext(f"{ATOM}{name}")
        assert found, name
        return found

    # What RFC 4287, 4.1.1 and 4.1.2 demand.
    assert feed.tag == f"{ATOM}feed"
    assert text(feed, "id") == "https://patterns.example/"
    assert text(feed, "title") == "Serverless Patterns"
    assert text(feed, "updated") == "2026-11-02T00:00:00+00:00"
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    own = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert own["self"] == "https://patterns.example/feed.atom"
    entries = feed.findall(f"{ATOM}entry")
    assert len({text(entry, "id") for entry in entries}) == len(entries) == 2
    counter = next(entry for entry in entries if "Parcel" in text(entry, "title"))
    assert text(counter, "id") == "https://patterns.example/patterns/parcel-counter/#revision-2"
    assert text(counter, "title") == "Parcel Counter (revision 2)"
    assert text(counter, "updated") == "2026-11-02T00:00:00+00:00"
    assert "Says what a courier pays." in text(counter, "summary")


def test_a_revision_is_dated_by_its_own_day_everywhere(client: Client, content: Path) -> None:
    file = content / "parcel-counter" / "pattern.md"
    text = file.read_text("utf-8").replace("revision: 2\n", "revision: 2\nrevised: 2026-11-20\n")
    file.write_text(text.replace("Says what a courier pays.", "Pays <b>couriers</b> & tells so."), "utf-8")
    feed = ElementTree.fromstring(client.get("/feed.atom").content)
    entry, _ = feed.findall(f"{ATOM}entry")
    assert feed.findtext(f"{ATOM}updated") == "2026-11-20T00:00:00+00:00"
    assert entry.findtext(f"{ATOM}title") == "Parcel Counter (revision 2)", "the newest comes first"
    assert entry.findtext(f"{ATOM}published") == "2026-11-02T00:00:00+00:00"
    assert entry.findtext(f"{ATOM}updated") == "2026-11-20T00:00:00+00:00"
    summary = entry.find(f"{ATOM}summary")
    assert summary is not None
    assert summary.get("type") == "html"
    assert (summary.text or "").startswith("Pays &lt;b&gt;couriers&lt;/b&gt; &amp; tells so.")
    told = client.get("/patterns/parcel-counter.json").json()
    assert (told["published"], told["revised"]) == ("2026-11-02", "2026-11-20")
    assert client.get("/patterns/twin.json").json()["revised"] is None
    assert '<time datetime="2026-11-20">' in client.get("/patterns/parcel-counter/").content.decode()
    assert "<lastmod>2026-11-20</lastmod>" in client.get("/sitemap.xml").content.decode()
    assert "Revision 2, 20 November 2026" in client.get("/patterns/parcel-counter.md").content.decode()


def test_the_sitemap_lists_pages_that_exist(client: Client) -> None:
    root = ElementTree.fromstring(client.get("/sitemap.xml").content)
    places = [element.text or "" for element in root.iter(f"{SITEMAP}loc")]

    assert "https://patterns.example/patterns/parcel-counter/" in places
    assert not any("unripe" in place for place in places)
    for place in places:
        assert client.get(place.removeprefix("https://patterns.example")).status_code == 200, place


def test_robots_are_kept_from_labs_and_led_to_the_sitemap(client: Client) -> None:
    response = client.get("/robots.txt")

    assert response["Content-Type"].startswith("text/plain")
    assert "Disallow: /labs/\n" in response.content.decode()
    assert "Sitemap: https://patterns.example/sitemap.xml" in response.content.decode()


def test_llms_txt_leads_to_the_markdown_of_every_pattern(client: Client) -> None:
    text = client.get("/llms.txt").content.decode()

    assert text.startswith("# Serverless Patterns\n\n> ")
    assert "- [Parcel Counter](https://patterns.example/patterns/parcel-counter.md): A counter that hands" in text


TRICKS = [
    "../twin/pattern.md",
    "..%2f..%2fsecret.txt",
    "%2e%2e/%2e%2e/secret.txt",
    "functions/../template.yaml",
    "functions/web/../../template.yaml",
    "./template.yaml",
    "/etc/passwd",
    "//etc/passwd",
    "functions//web/app.py",
    "functions/web/",
    "functions\\web\\app.py",
    "template.yaml%00",
    "%00",
    ".secret",
    "secret.txt",
    "functions/web/__pycache__/app.pyc",
    "template.yaml/",
    "TEMPLATE.YAML",
    "%c0%ae%c0%ae/secret.txt",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_a_path_that_leaves_the_patterns_own_files_is_refused_and_touches_no_file(
    client: Client, content: Path, monkeypatch: pytest.MonkeyPatch, trick: str
) -> None:
    (content.parent / "secret.txt").write_text("a secret")
    (content / "parcel-counter" / ".secret").write_text("a secret")
    kept = library()
    kept.published("parcel-counter")  # its own files have been read
    opened: list[str] = []
    really = io.open

    def watched(file: Any, *args: Any, **more: Any) -> Any:
        if str(content.parent) in str(file):
            opened.append(str(file))
        return really(file, *args, **more)

    monkeypatch.setattr("io.open", watched)
    monkeypatch.setattr("builtins.open", watched)

    response = client.get(f"/patterns/parcel-counter/raw/{trick}", headers={"accept": "application/json"})

    assert response.status_code in (400, 404)
    assert b"a secret" not in response.content
    assert opened == []
    assert library() is kept


def test_anyone_who_asks_for_the_icon_by_its_oldest_name_is_led_to_it(client: Client) -> None:
    answer = client.get("/favicon.ico")

    assert answer.status_code == 302
    assert finders.find(answer["Location"].removeprefix("/static/"))
