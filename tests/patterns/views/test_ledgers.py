"""The fidelity ledger as a page and as JSON, and the page of all differences."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from catalogue.patterns.views import ledgers
from tests.patterns.support.example import write_pattern
from tests.patterns.support.html import read_page

LEDGER = """\
rows:
  - id: a-known-path
    behavior: What a known path answers
    documented: The function's answer, *as it is*.
    source: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
    embedded: Its answer, and `200`.
    proof: {steps: [say-hello]}
  - id: header-names
    behavior: How header names reach the function
    documented: As the caller wrote them.
    source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    embedded: In lower case.
    difference: Expect the caller's own <spelling>.
    proof: {tests: ["tests/x/test_y.py::test_header_names_are_lower_case"]}
  - id: no-route
    behavior: A path without a route
    documented: A refusal.
    source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    embedded: The same.
    proof: {steps: [say-hello]}
"""
PAGES = ["/patterns/parcel-counter/ledger/", "/fidelity/"]


@pytest.fixture(autouse=True)
def content(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    settings.SITE_URL = "https://patterns.example"
    (write_pattern(tmp_path) / "ledger.yaml").write_text(LEDGER)
    write_pattern(tmp_path, "twin", title="Twin Counter")


@pytest.mark.parametrize("path", PAGES)
def test_the_pages_are_sound_and_only_read(client: Client, path: str) -> None:
    page = read_page(client.get(path, headers={"accept": "text/html"}).content.decode())
    assert page.faults == []
    assert len(page.all("h1")) == 1
    assert client.post(path).status_code == 405
    assert not client.get(path).cookies


def test_the_ledger_is_a_table_whose_cells_are_labeled_where_it_is_laid_out_as_blocks(client: Client) -> None:
    page = read_page(client.get(PAGES[0]).content.decode())
    assert len(page.all("table")) == 1
    assert len(page.all("th", scope="col")) == 4
    assert len(page.all("th", scope="row")) == 3
    assert all(cell["data-label"] for cell in page.all("td"))


def test_a_row_says_what_shows_it_and_where_it_is_documented(client: Client) -> None:
    html = client.get(PAGES[0]).content.decode()
    page = read_page(html)
    assert page.all("a", href="/patterns/parcel-counter/#step-say-hello")
    assert page.all("a", href="https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html")
    assert "Header names are lower case" in html
    assert "Of 3 behaviors, 1 is known to differ" in html
    assert "&lt;spelling&gt;" in html


def test_the_differences_of_all_patterns_stand_on_one_page(client: Client) -> None:
    html = client.get("/fidelity/").content.decode()
    page = read_page(html)
    assert page.all("a", href="/patterns/parcel-counter/ledger/#header-names")
    assert "Its answer, and" not in html
    assert "Twin Counter" not in html  # it keeps no ledger
    assert "cover 3 behaviors. 1 of them is known" in html
    assert "In every lab: no internet access" in html
    assert page.all("a", href="https://docs.aws.amazon.com/lambda/latest/operatorguide/networking-vpc.html")


def test_many_ledgers_are_listed_page_by_page(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "twin" / "ledger.yaml").write_text(LEDGER)
    monkeypatch.setattr(ledgers, "LEDGERS_A_PAGE", 1)
    first, second = (client.get(f"/fidelity/?page={number}").content.decode() for number in (1, 2))
    assert read_page(first).all("a", rel="next", href="/fidelity/?page=2")
    assert read_page(second).all("a", rel="prev", href="/fidelity/?page=1")
    assert ("Parcel Counter" in first, "Twin Counter" in first) == (True, False)
    assert ("Parcel Counter" in second, "Twin Counter" in second) == (False, True)
    assert "cover 6 behaviors. 2 of them are known" in first


def test_the_ledger_as_json_fits_its_schema(client: Client) -> None:
    described = client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/LedgerDocument", "components": described["components"]}
    response = client.get("/patterns/parcel-counter/ledger.json")
    document = json.loads(response.content)
    Draft202012Validator(schema).validate(document)
    assert [row["difference"] is not None for row in document["rows"]] == [False, True, False]
    address = "https://patterns.example/patterns/parcel-counter/ledger.json"
    assert client.get("/patterns/parcel-counter.json").json()["ledger_url"] == address
    assert client.get("/patterns/twin.json").json()["ledger_url"] is None
    assert (
        client.get("/patterns/parcel-counter/ledger.json", headers={"if-none-match": response["ETag"]}).status_code
        == 304
    )


def test_the_pattern_page_the_about_page_and_the_sitemap_lead_there(client: Client) -> None:
    assert read_page(client.get("/patterns/parcel-counter/").content.decode()).all("a", href=PAGES[0])
    assert read_page(client.get("/about/").content.decode()).all("a", href="/fidelity/")
    places = client.get("/sitemap.xml").content.decode()
    assert "<loc>https://patterns.example/patterns/parcel-counter/ledger/</loc>" in places
    assert "<loc>https://patterns.example/fidelity/</loc>" in places


@pytest.mark.parametrize("path", ["/patterns/twin/ledger/", "/patterns/twin/ledger.json", "/patterns/none/ledger.json"])
def test_a_pattern_without_a_ledger_has_no_such_page(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert "/patterns/twin/ledger/" not in client.get("/patterns/twin/").content.decode()
