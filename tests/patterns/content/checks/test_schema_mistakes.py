"""Mistakes that keep a pattern from being read: files, YAML and schemas."""

import pytest

from tests.patterns.support.drafts import Draft, expect_one


def test_a_new_pattern_has_no_mistakes(sample: Draft) -> None:
    assert sample.mistakes() == []


def test_the_queue_variant_has_no_mistakes(queued: Draft) -> None:
    assert queued.mistakes() == []


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "message", "remedy"),
    [
        ("pattern.md", "question:", "qestion:", "qestion:", "`qestion` is not", "Did you mean `question`?"),
        ("pattern.md", "level: 100", "level: 150", "level:", "`level` is `150`", "100, 200 or 300"),
        ("pattern.md", "[simplicity]", "[cheapness]", "helps_with:", "`helps_with[0]`", "'simplicity'"),
        ("pattern.md", "[simplicity]", "[simplicty]", "helps_with:", "simplicty", "mean `simplicity`?"),
        ("pattern.md", "published: 2026-11-23", "published: soon", "published:", "`'soon'`", "date"),
        ("pattern.md", "summary: Say", "summary: " + "x" * 170 + " Say", "summary:", "characters", "160"),
        ("diagram.yaml", "label: REST API", "lable: REST API", "lable:", "nodes[1].lable", "`label`?"),
        ("diagram.yaml", "at: [1, 0]", "at: [9, 0]", "at: [9, 0]", "nodes[1].at[0]", "less than or equal"),
        ("diagram.yaml", "by: integration", "by: integrates", "integrates", "integrates", "`integration`?"),
        (
            "diagram.yaml",
            "id: WebFunction",
            "id: web-function",
            "web-function",
            "web-function",
            "logical ids",
        ),
        ("demo.yaml", "method: GET", "method: FETCH", "FETCH", "steps[0].request.method", "'GET'"),
        (
            "demo.yaml",
            "equals: 1",
            "equal: 1",
            "equal:",
            "steps[0].observe[0].equal`",
            "Did you mean `equals`?",
        ),
        (
            "demo.yaml",
            "        equals: 1\n",
            "",
            "- resource: WebFunction",
            "fit together",
            "equals, at_least",
        ),
    ],
)
def test_a_value_outside_the_schema_is_named_with_its_line(
    sample: Draft, file: str, old: str, new: str, at: str, message: str, remedy: str
) -> None:
    sample.replace(file, old, new)
    mistakes = [mistake for mistake in sample.mistakes() if "is missing" not in mistake.message]
    expect_one(
        mistakes,
        id="patterns.E003",
        file=file,
        line=sample.line_of(file, at),
        message=message,
        remedy=remedy,
    )


def test_a_missing_key_says_what_it_is_for(sample: Draft) -> None:
    sample.replace("pattern.md", "change: First published.\n", "")
    expect_one(
        sample.mistakes(),
        id="patterns.E003",
        file="pattern.md",
        line=2,
        message="`change` is missing",
        remedy="What this revision changed",
    )


def test_all_mistakes_of_all_files_are_reported_at_once(sample: Draft) -> None:
    sample.replace("pattern.md", "level: 100", "level: 1")
    sample.replace("diagram.yaml", "actor: client", "actor: robot")
    sample.replace("demo.yaml", "status: 200", "status: 2000")
    assert {(mistake.file.name, mistake.id) for mistake in sample.mistakes()} == {
        ("pattern.md", "patterns.E003"),
        ("diagram.yaml", "patterns.E003"),
        ("demo.yaml", "patterns.E003"),
    }


@pytest.mark.parametrize(
    ("file", "old", "new", "at"),
    [
        ("demo.yaml", "story: Call", "story: Here: Call", "story:"),
        ("diagram.yaml", "description: A", 'description: "A', "nodes:"),
        ("template.yaml", "    Type: AWS::ApiGateway::RestApi", "   \tType: AWS", "\tType"),
        ("pattern.md", "title:", "title: a\ntitle:", 'title: "Sample'),
    ],
)
def test_a_yaml_mistake_is_reported_with_its_line_in_the_file(
    sample: Draft, file: str, old: str, new: str, at: str
) -> None:
    sample.replace(file, old, new)
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.file.name) == ("patterns.E002", file)
    assert abs(mistake.line - sample.line_of(file, at)) <= 1 or file == "diagram.yaml"
    assert mistake.remedy


def test_front_matter_is_needed(sample: Draft) -> None:
    sample.replace("pattern.md", "---\n", "")
    expect_one(
        sample.mistakes(),
        id="patterns.E002",
        file="pattern.md",
        line=1,
        message="no front matter",
        remedy="line `---`",
    )


@pytest.mark.parametrize("name", ["pattern.md", "template.yaml", "diagram.yaml"])
def test_a_missing_file_is_named(sample: Draft, name: str) -> None:
    (sample.folder / name).unlink()
    expect_one(sample.mistakes(), id="patterns.E001", file=name, line=1, message=f"no {name}", remedy="Add the file")


def test_a_file_without_a_place_is_named(sample: Draft) -> None:
    sample.write("notes.txt", "later")
    expect_one(
        sample.mistakes(),
        id="patterns.E001",
        file="notes.txt",
        line=1,
        message="does not belong",
        remedy="functions/<name>/",
    )


def test_what_is_no_text_is_named(sample: Draft) -> None:
    (sample.folder / "functions/web/logo.bin").write_bytes(b"\xff\xfe\x00")
    expect_one(
        sample.mistakes(),
        id="patterns.E001",
        file="logo.bin",
        line=1,
        message="cannot be read",
        remedy="UTF-8",
    )


def test_a_link_out_of_the_folder_is_refused(sample: Draft) -> None:
    (sample.folder / "functions/web/secrets.py").symlink_to("/etc/passwd")
    expect_one(
        sample.mistakes(),
        id="patterns.E001",
        file="secrets.py",
        line=1,
        message="not a plain file",
        remedy="itself",
    )


def test_caches_and_hidden_files_are_passed_over(sample: Draft) -> None:
    sample.write("functions/web/__pycache__/app.cpython-313.pyc", "x")
    sample.write("functions/web/.DS_Store", "x")
    assert sample.mistakes() == []
    assert {file.path for file in sample.pattern().files} == {
        "demo.yaml",
        "diagram.yaml",
        "functions/web/app.py",
        "pattern.md",
        "template.yaml",
    }


def test_a_folder_that_is_no_slug_is_named(sample: Draft) -> None:
    renamed = sample.folder.with_name("Sample_Pattern")
    sample.folder.rename(renamed)
    expect_one(
        Draft(renamed).mistakes(),
        id="patterns.E005",
        file="Sample_Pattern",
        line=1,
        message="not a slug",
        remedy="lower-case",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Parameters: {}\n", "no `Resources`"),
        ("Resources:\n  Queue:\n    Properties: {}\n", "`Queue` has no `Type`"),
        ("Resources:\n  Queue: 3\n", "`Queue` has no `Type`"),
        ("Resources:\n  Queue: {Type: A::B::C, Properties: [1]}\n", "not a mapping"),
        ("Resources:\n  Queue: {Type: A::B::C}\nOutputs: [1]\n", "`Outputs` is not a mapping"),
        ("just text\n", "no `Resources`"),
    ],
)
def test_what_is_no_template_is_named(sample: Draft, text: str, message: str) -> None:
    sample.write("template.yaml", text)
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.file.name) == ("patterns.E004", "template.yaml")
    assert message in mistake.message


def test_a_list_of_the_wrong_length_says_how_long_it_is(sample: Draft) -> None:
    sample.replace("pattern.md", "[simplicity]", "[simplicity, cost, latency, security]")
    expect_one(
        sample.mistakes(),
        id="patterns.E003",
        file="pattern.md",
        line=sample.line_of("pattern.md", "helps_with:"),
        message="`helps_with` has 4 entries",
        remedy="at most 3",
    )
