import pytest

from tests.patterns.support.drafts import Draft, draft, expect_one


@pytest.mark.parametrize(
    ("old", "new", "at", "message", "remedy"),
    [
        (
            "## Components",
            "## Parts",
            "## Parts",
            "`Parts` is where `Components`",
            "The problem, The sol",
        ),
        ("## Further reading", "## Links", "## Links", "`Links` is where", "Further reading"),
        (
            "\n## Further reading\n\nLink the sources that a reader should continue with.\n",
            "",
            "[[related]]",
            "`Further reading` is missing",
            "## Further reading",
        ),
        (
            "Explain the least-privilege policy, statement by statement.\n",
            "",
            "## Security",
            "`Security` is empty",
            "Write it",
        ),
        (
            "## The problem\n",
            "# Sample\n\n## The problem\n",
            "# Sample",
            "first-level",
            "front matter's `title`",
        ),
    ],
)
def test_sections_are_the_fixed_ones_in_order(
    sample: Draft, old: str, new: str, at: str, message: str, remedy: str
) -> None:
    sample.replace("pattern.md", old, new)
    mistakes = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E010"]
    expect_one(
        mistakes,
        id="patterns.E010",
        file="pattern.md",
        line=sample.line_of("pattern.md", at),
        message=message,
        remedy=remedy,
    )


def test_a_heading_in_a_code_block_is_no_section(sample: Draft) -> None:
    sample.replace("pattern.md", "[[flow]]", "[[flow]]\n\n```sh\n## Not a section\n# nor this\n[[nor]]\n```")
    assert sample.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "at", "id", "message", "remedy"),
    [
        ("[[flow]]", "[[flwo]]", "[[flwo]]", "E011", "not a directive", "Did you mean `[[flow]]`?"),
        ("[[costs]]", "[[costs lambda]]", "[[costs", "E011", "takes no argument", "Write `[[costs]]`"),
        ("[[flow]]", "[[flow]]\n\n[[flow]]", "[[flow]]\n\n##", "E011", "repeated here", "Keep one"),
        ("[[flow]]", "Look: [[flow]]", "Look", "E011", "inside a line", "on its own line"),
        (
            "[[code template.yaml#GetHelloMethod]]",
            "[[code]]",
            "[[code]]",
            "E011",
            "names no file",
            "[[code path]]",
        ),
        (
            "template.yaml#GetHelloMethod",
            "template.yaml#GetHello",
            "#GetHello]]",
            "E016",
            "has no `GetHello`",
            "GetHelloMethod",
        ),
        (
            "functions/web/app.py#handler",
            "functions/api/app.py#handler",
            "functions/api",
            "E016",
            "no file",
            "functions/web/app.py",
        ),
        (
            "functions/web/app.py#handler",
            "../other/template.yaml",
            "../other",
            "E016",
            "no file",
            "template.yaml",
        ),
    ],
)
def test_directives_are_known_whole_and_resolve(
    sample: Draft, old: str, new: str, at: str, id: str, message: str, remedy: str
) -> None:
    sample.replace("pattern.md", old, new)
    mistakes = [mistake for mistake in sample.mistakes() if "`[[flow]]` is missing" not in mistake.message]
    expect_one(
        mistakes,
        id=f"patterns.{id}",
        file="pattern.md",
        line=sample.line_of("pattern.md", at),
        message=message,
        remedy=remedy,
    )


def test_a_missing_directive_is_asked_for_in_its_section(sample: Draft) -> None:
    sample.replace("pattern.md", "[[costs]]", "Nothing to speak of.")
    expect_one(
        sample.mistakes(),
        id="patterns.E011",
        file="pattern.md",
        line=sample.line_of("pattern.md", "## What it costs"),
        message="`[[costs]]` is missing",
        remedy="`What it costs`",
    )


def test_a_directive_in_another_section_is_sent_home(sample: Draft) -> None:
    sample.replace("pattern.md", "[[related]]", "None yet.")
    sample.append("pattern.md", "\n[[related]]\n")
    expect_one(
        sample.mistakes(),
        id="patterns.E011",
        file="pattern.md",
        line=sample.line_of("pattern.md", "[[related]]"),
        message="is in `Further reading`",
        remedy="`Related patterns`",
    )


@pytest.mark.parametrize(("words", "verdict"), [(700, "too short"), (1900, "too long"), (900, None)])
def test_only_published_prose_has_a_length(sample: Draft, words: int, verdict: str | None) -> None:
    sample.replace("pattern.md", "Tell a concrete story", "word " * words + "Tell a concrete story")
    assert sample.mistakes() == []
    sample.replace("pattern.md", "draft: true", "draft: false")
    mistakes = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E012"]
    assert [verdict in mistake.message for mistake in mistakes if verdict] == ([True] if verdict else [])
    assert bool(mistakes) == bool(verdict)


@pytest.mark.parametrize(
    ("link", "message", "remedy"),
    [
        ("http://aws.amazon.com/lambda/", "not an https address", "https address"),
        ("other-pattern/", "is relative", "/patterns/<slug>/"),
        ("/patterns/no-such/", "that does not exist", "Name an existing pattern folder"),
        ("/patterns/sample-patern/", "that does not exist", "Did you mean `sample-pattern`?"),
        ("/patterns/sample-pattern/source/app.py", "names `source/app.py`", "one of its files"),
        ("/nowhere", "does not exist on this site", "another address"),
        ("#safety", "does not match a heading of the page", "`#security`"),
        ("/patterns/sample-pattern/#safety", "no heading of sample-pattern", "`#security`"),
    ],
)
def test_a_link_that_leads_nowhere_is_named(sample: Draft, link: str, message: str, remedy: str) -> None:
    sample.append("pattern.md", f"\nAnd [more of it]({link}).\n")
    expect_one(
        sample.mistakes(),
        id="patterns.E013",
        file="pattern.md",
        line=sample.line_of("pattern.md", "more of it"),
        message=message,
        remedy=remedy,
    )


@pytest.mark.parametrize(
    "link",
    [
        "https://docs.aws.amazon.com/lambda/latest/dg/welcome.html",
        "/patterns/sample-pattern/",
        "/patterns/sample-pattern/#security",
        "/patterns/sample-pattern/source/functions/web/app.py",
        "/patterns/sample-pattern/project.zip",
        "/patterns/?level=100",
        "/about/",
        "#security",
    ],
)
def test_a_link_that_leads_somewhere_is_left_alone(sample: Draft, link: str) -> None:
    sample.append("pattern.md", f"\nAnd [more of it]({link}).\n")
    assert sample.mistakes() == []


def test_a_published_pattern_does_not_lead_to_a_draft(sample: Draft) -> None:
    draft(sample.folder.parent, "other-pattern")
    sample.append("pattern.md", "\nSee [the other](/patterns/other-pattern/).\n")
    assert sample.mistakes() == []
    sample.replace("pattern.md", "draft: true", "draft: false")
    (mistake,) = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E013"]
    assert mistake.line == sample.line_of("pattern.md", "the other")
    assert "is a draft" in mistake.message


def test_published_limits_and_readings_have_sources(sample: Draft) -> None:
    sample.replace("pattern.md", "draft: true", "draft: false")
    found = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E018"]
    assert [mistake.line for mistake in found] == [
        sample.line_of("pattern.md", "## What goes wrong"),
        sample.line_of("pattern.md", "## Further reading"),
    ]
    assert "https://docs.aws.amazon.com/" in found[0].remedy
    sample.replace("pattern.md", "Give each limit", "[The limits](https://docs.aws.amazon.com/x/). Give each")
    sample.append("pattern.md", "\n- [More](https://www.rfc-editor.org/rfc/rfc9110)\n")
    assert not [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E018"]
