from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from catalogue.patterns.content import library as library_module
from catalogue.patterns.content.library import library, read_library
from catalogue.patterns.content.pattern import ContentError, UnknownPattern, load_pattern
from tests.patterns.support.drafts import Draft, draft


@pytest.fixture(autouse=True)
def _forget_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library_module, "_kept", None)


def publish(pattern: Draft) -> None:
    pattern.replace("pattern.md", "draft: true", "draft: false")


def test_a_pattern_is_its_folder(sample: Draft) -> None:
    pattern = sample.pattern()
    assert (pattern.slug, pattern.title, pattern.level) == ("sample-pattern", "Sample Pattern", 100)
    assert pattern.url == "/patterns/sample-pattern/"
    assert [service.key for service in pattern.services] == ["lambda", "api-gateway"]
    assert [file.path for file in pattern.files] == [
        "demo.yaml",
        "diagram.yaml",
        "functions/web/app.py",
        "pattern.md",
        "template.yaml",
    ]
    assert {file.path: file.language for file in pattern.files}["functions/web/app.py"] == "python"
    assert pattern.runnable
    assert pattern.naive is None


def test_the_body_begins_on_its_line_of_the_file(sample: Draft) -> None:
    pattern = sample.pattern()
    lines = sample.text("pattern.md").splitlines()
    assert lines[pattern.body_line - 1 :] == pattern.body.splitlines()
    assert lines[pattern.body_line - 2] == "---"


def test_only_the_patterns_own_files_can_be_had(sample: Draft) -> None:
    pattern = sample.pattern()
    assert pattern.file("template.yaml").text == sample.text("template.yaml")
    for path in ("../sample-pattern/template.yaml", "/etc/passwd", "functions/web", "", "template.yaml\0"):
        with pytest.raises(KeyError):
            pattern.file(path)


def test_the_hash_follows_content_and_names(sample: Draft) -> None:
    before = sample.pattern().content_hash
    assert sample.pattern().content_hash == before
    sample.append("functions/web/app.py", "\n")
    changed = sample.pattern().content_hash
    assert changed != before
    (sample.folder / "functions/web/app.py").rename(sample.folder / "functions/web/main.py")
    assert sample.pattern().content_hash not in {before, changed}


def test_loading_a_broken_pattern_raises_its_first_mistake(sample: Draft) -> None:
    sample.replace("pattern.md", "level: 100", "level: 5")
    with pytest.raises(ContentError) as caught:
        load_pattern(sample.folder)
    assert caught.value.line == sample.line_of("pattern.md", "level:")


def test_published_patterns_stand_by_level_then_title(tmp_path: Path) -> None:
    for slug, level in (("zebra", 100), ("apple", 300), ("mango", 200), ("berry", 100)):
        made = draft(tmp_path, slug)
        made.replace("pattern.md", "level: 100", f"level: {level}")
        publish(made)
    draft(tmp_path, "unfinished")
    found = read_library(tmp_path)
    assert list(found.by_slug) == ["berry", "zebra", "mango", "apple"]
    assert list(found.drafts) == ["unfinished"]
    assert found.errors == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("demo.yaml", "steps:", "stps:"),
        ("template.yaml", "Resources:", "Resources: ["),
        ("pattern.md", "- lambda.requests", "- lambda.wishes"),
        ("pattern.md", "template.yaml#GetHelloMethod", "template.yaml#Gone"),
    ],
)
def test_a_broken_pattern_is_left_out_and_harms_no_other(sample: Draft, file: str, old: str, new: str) -> None:
    other = draft(sample.folder.parent, "other-pattern")
    publish(other)
    publish(sample)
    sample.replace(file, old, new)
    found = read_library(sample.folder.parent)
    assert list(found.by_slug) == ["other-pattern"]
    assert {error.file.parent.name for error in found.errors} == {"sample-pattern"}
    with pytest.raises(UnknownPattern):
        found.get("sample-pattern")


def test_a_draft_cannot_be_got(sample: Draft) -> None:
    with pytest.raises(UnknownPattern):
        read_library(sample.folder.parent).get("sample-pattern")


def test_content_that_is_not_there_is_an_empty_library(tmp_path: Path) -> None:
    assert read_library(tmp_path / "nowhere").by_slug == {}


def test_with_debug_an_edit_is_seen_at_once(sample: Draft, settings: Settings) -> None:
    settings.DEBUG, settings.CONTENT_DIR = True, sample.folder.parent
    publish(sample)
    assert library().get("sample-pattern").title == "Sample Pattern"
    assert library() is library()
    sample.replace("pattern.md", 'title: "Sample Pattern"', 'title: "A Better Name"')
    assert library().get("sample-pattern").title == "A Better Name"


def test_without_debug_content_is_read_once(sample: Draft, settings: Settings) -> None:
    settings.DEBUG, settings.CONTENT_DIR = False, sample.folder.parent
    publish(sample)
    first = library()
    sample.replace("pattern.md", 'title: "Sample Pattern"', 'title: "A Better Name"')
    assert library() is first
