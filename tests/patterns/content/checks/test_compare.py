"""E070 to E072: compare.yaml stands with naive.yaml, fits both templates and claims what is counted."""

import pytest

from tests.patterns.support.drafts import Draft, expect_one

COMPARE = """\
naive: The same function, called the same way.
story: One greeting to each.
traffic:
  - id: greet
    title: Greet a visitor
    request:
      method: GET
      path: /hello/{{run}}-{{n}}
      times: 3
    save: {name: body.hello}
  - id: greet-again
    title: Greet them again
    request: {method: GET, path: "/hello/{{name}}"}
settle:
  naive:
    - {resource: WebFunction, measure: invocations, at_least: 4}
figures:
  - id: greeted
    label: Greetings in the log
    why: Counted by the function's lines.
    pattern: {count: {measure: logged, resource: WebFunction, text: greeted}}
    naive:
      count: {measure: invocations, resource: WebFunction}
      minus: {measure: answers, of: [greet], statuses: [200]}
claims:
  - {figure: greeted, pattern: {at_least: 1}, smaller: naive}
  - {figure: requests, pattern: {equals: 4}}
lesson: They are alike.
"""
OPERATED = """\
  - id: close
    title: Close it
    operation:
      pattern: {action: set-concurrency, resource: WebFunction, value: 0}
      naive: {action: set-concurrency, resource: WebFunction, value: 0}
settle:"""


@pytest.fixture
def compared(sample: Draft) -> Draft:
    """A pattern with a twin of the same template, and a comparison."""
    sample.write("naive.yaml", sample.text("template.yaml"))
    sample.write("compare.yaml", COMPARE)
    return sample


def test_a_comparison_that_fits_both_is_fine(compared: Draft) -> None:
    assert compared.mistakes() == []


def test_a_twin_that_is_never_compared_is_reported(sample: Draft) -> None:
    sample.write("naive.yaml", sample.text("template.yaml"))
    assert sample.mistakes() == []  # a draft may still be without
    sample.replace("pattern.md", "draft: true\n", "")
    (mistake,) = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E070"]
    assert (mistake.file.name, mistake.line) == ("naive.yaml", 1)
    assert "Add compare.yaml" in mistake.remedy


@pytest.mark.parametrize("missing", ["naive.yaml", "demo.yaml"])
def test_a_comparison_without_what_it_needs_is_reported(compared: Draft, missing: str) -> None:
    (compared.folder / missing).unlink()
    expect_one(
        compared.mistakes(),
        id="patterns.E070",
        file="compare.yaml",
        line=1,
        message=f"no {missing}",
        remedy="delete compare.yaml",
    )


def test_a_route_that_only_the_pattern_has_is_reported_unless_that_is_the_point(compared: Draft) -> None:
    compared.replace("naive.yaml", "PathPart: hello", "PathPart: good-day")
    greet, again = compared.mistakes()
    assert {greet.id, again.id} == {"patterns.E071"}
    assert greet.line == compared.line_of("compare.yaml", "path: /hello/{{run}}")
    assert "naive.yaml has no route" in greet.message
    assert "only: pattern" in greet.remedy
    for part in ("title: Greet a visitor", "title: Greet them again"):
        compared.replace("compare.yaml", part, part + "\n    only: pattern")
    assert compared.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "at", "id", "message", "remedy"),
    [
        (
            "{{name}}",
            "{{nmae}}",
            "/hello/{{nmae}}",
            "E071",
            "`{{nmae}}` is not saved by an earlier",
            "n, name, now, run",
        ),
        ("body.hello}", "body.hello, run: status}", "save: {name", "E071", "`run` cannot be", "lower case"),
        ("body.hello}", "boddy.hello}", "save: {name", "E071", "not part of an answer", "body.a.b"),
        ("times: 3", "times: 3\n      at_once: 4", "at_once: 4", "E072", "only 3 calls", "smaller"),
        ("times: 3", "times: 100", "traffic:", "E072", "101 requests", "at most 100"),
        ("id: greet-again", "id: greet", "id: greet\n    title: Greet them", "E072", "`greet` is taken", "another"),
        (
            "resource: WebFunction, measure: invocations",
            "resource: Api, measure: invocations",
            "{resource: Api",
            "E071",
            "AWS::ApiGateway::RestApi in naive.yaml",
            "WebFunction",
        ),
        (
            "measure: logged, resource: WebFunction",
            "measure: logged, resource: Web",
            "pattern: {count",
            "E071",
            "`Web`, which does not exist in template.yaml",
            "WebFunction",
        ),
        ("text: greeted", 'text: "{{name}}"', '{{name}}"}}', "E071", "replaced in requests only", "does not change"),
        ("of: [greet]", "of: [great]", "of: [great]", "E072", "`great` is not a request", "greet, greet-again"),
        ("id: greeted", "id: requests", "id: requests", "E072", "figure `requests` already exists", "another id"),
        ("figure: greeted", "figure: great", "figure: great", "E072", "no figure `great`", "greeted"),
        ("pattern: {equals: 4}", "pattern: {}", "{figure: requests", "E072", "has no bound", "smaller: pattern"),
    ],
)
def test_what_does_not_fit_is_reported_with_its_place(
    compared: Draft, old: str, new: str, at: str, id: str, message: str, remedy: str
) -> None:
    compared.replace("compare.yaml", old, new)
    mistakes = [mistake for mistake in compared.mistakes() if "no figure `greeted`" not in mistake.message]
    expect_one(
        mistakes,
        id=f"patterns.{id}",
        file="compare.yaml",
        line=compared.line_of("compare.yaml", at),
        message=message,
        remedy=remedy,
    )


def test_an_operation_must_fit_the_side_that_it_is_done_to(compared: Draft) -> None:
    compared.replace("compare.yaml", "settle:", OPERATED)
    assert compared.mistakes() == []
    compared.replace(
        "compare.yaml",
        "naive: {action: set-concurrency, resource: WebFunction",
        "naive: {action: set-concurrency, resource: Api",
    )
    expect_one(
        compared.mistakes(),
        id="patterns.E071",
        file="compare.yaml",
        line=compared.line_of("compare.yaml", "resource: Api"),
        message="`set-concurrency` cannot use `Api`",
        remedy="WebFunction",
    )


def test_a_figure_of_nothing_is_reported(compared: Draft) -> None:
    text = compared.text("compare.yaml")
    start, end = text.index("    pattern: {count"), text.index("claims:")
    compared.write("compare.yaml", text[:start] + "    pattern: null\n    naive: null\n" + text[end:])
    expect_one(
        compared.mistakes(),
        id="patterns.E072",
        file="compare.yaml",
        line=compared.line_of("compare.yaml", "- id: greeted"),
        message="The figure `greeted` counts nothing",
        remedy="Give `pattern`",
    )
