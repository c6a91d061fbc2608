"""JSON Schema of the files that authors write: they take what is published, and refuse what the models refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from catalogue.patterns.content.parsing.yaml_lines import read_yaml
from catalogue.patterns.documents.author_schemas import FILES
from tests.support.site import ROOT

CONTENT = ROOT / "patterns_content"


class _AsEditors(yaml.CSafeLoader):
    """Reads dates as text, as editors do before they validate."""


_AsEditors.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def schema(client: Client, name: str) -> dict[str, Any]:
    answer = client.get(f"/schemas/{name}.json")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/schema+json"
    found: dict[str, Any] = json.loads(answer.content)
    Draft202012Validator.check_schema(found)
    return found


def written(name: str) -> list[tuple[Path, Any]]:
    """Every published file of this kind, as an editor reads it; keys are text in JSON."""
    found = []
    for path in sorted(CONTENT.glob(f"*/{FILES[name].file}")):
        text = path.read_text("utf-8")
        value = yaml.load(text.split("---")[1] if path.suffix == ".md" else text, _AsEditors)
        found.append((path, json.loads(json.dumps(value))))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_published_file_is_valid(client: Client, name: str) -> None:
    validator = Draft202012Validator(schema(client, name))

    files = written(name)

    assert files
    assert [(path, error.message) for path, value in files for error in validator.iter_errors(value)] == []


@pytest.mark.parametrize("name", FILES)
def test_a_key_that_the_file_does_not_have_is_refused_with_its_place(client: Client, name: str) -> None:
    validator = Draft202012Validator(schema(client, name))
    _, value = written(name)[0]

    errors = list(validator.iter_errors(value | {"tittle": "x"}))

    assert ["tittle" in error.message for error in errors] == [True]


def test_the_names_that_services_declare_are_offered_to_editors(client: Client) -> None:
    demo = schema(client, "demo")["$defs"]

    assert "set-concurrency" in demo["Operation"]["properties"]["action"]["enum"]
    assert "items" in demo["Observe"]["properties"]["measure"]["enum"]


@pytest.mark.parametrize("name", FILES)
def test_a_schema_says_where_it_is_and_what_it_is_for(client: Client, name: str) -> None:
    found = schema(client, name)

    assert found["$id"] == f"{settings.SITE_URL}/schemas/{name}.json"
    assert found["title"] == FILES[name].file


def test_the_comment_that_contributing_shows_leads_to_a_schema_and_changes_nothing(tmp_path: Path) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (comment,) = [line.strip() for line in text.splitlines() if "yaml-language-server: $schema=" in line]

    assert comment.rsplit("/", 1)[1].removesuffix(".json") in FILES
    demo = next(CONTENT.glob("*/demo.yaml"))
    plain = read_yaml(demo, demo.read_text("utf-8"))
    assert read_yaml(demo, f"{comment}\n{demo.read_text('utf-8')}").value == plain.value


def test_the_list_and_llms_txt_name_all_and_another_name_is_not_found(client: Client) -> None:
    page = client.get("/schemas/").text
    guide = client.get("/llms.txt").text

    assert all(f'href="/schemas/{name}.json"' in page for name in FILES)
    assert all(f"({settings.SITE_URL}/schemas/{name}.json)" in guide for name in FILES)
    assert client.get("/schemas/nothing.json").status_code == 404
